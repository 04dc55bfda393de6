// Sends the page's form once: not when the visitor comes back to the page, or loads it again.

const [opened] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
if (opened?.type === 'navigate') document.forms[0]?.submit();

export {};

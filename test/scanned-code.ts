// What a phone reads of the QR code of a receipt on the screen.

import jsQR from 'jsqr';
import type { Page } from 'playwright-core';

export async function scanned(page: Page): Promise<string | undefined> {
  const shot = await page.locator('svg.qr').screenshot();
  const blank = await page.context().newPage();
  const { data, width, height } = await blank.evaluate(async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    return {
      data: [...context.getImageData(0, 0, image.width, image.height).data],
      width: image.width,
      height: image.height,
    };
  }, shot.toString('base64'));
  await blank.close();
  return jsQR(Uint8ClampedArray.from(data), width, height)?.data;
}

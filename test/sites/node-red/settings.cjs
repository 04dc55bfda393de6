// Node-RED with users, as its documentation on securing it describes.

module.exports = {
  uiHost: '127.0.0.1',
  uiPort: Number(process.env.PORT),
  userDir: __dirname,
  flowFile: 'flows.json',
  httpAdminRoot: '/',
  httpNodeRoot: '/api',
  adminAuth: {
    type: 'credentials',
    users: [{ username: 'editor', password: process.env.PASSWORD_HASH, permissions: '*' }],
  },
  editorTheme: { tours: false },
  telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: 'warn' } },
};

// pm2 start ecosystem.config.cjs
module.exports = {
  apps: [
    {
      // Each instance has a port of its own, and so an address to stick to: 4001, 4002, 4003.
      name: 'shop',
      script: 'shop.js',
      exec_mode: 'fork',
      instances: 3,
      increment_var: 'PORT',
      env: { PORT: 4001 },
      // Longer than the longest request.
      kill_timeout: 30_000,
    },
    {
      // PM2's own cluster mode is fine for the gateway: any of its workers may take any request.
      name: 'gateway',
      script: 'node_modules/holdfast/dist/bin.js',
      args: 'serve gateway.yaml --workers 2 --drain 20s',
      exec_mode: 'fork',
      kill_timeout: 30_000,
    },
  ],
}

/** An nginx in one process that reads its configuration from the folder. */
export function nginxArgs(folder: string): readonly string[] {
  return ['-p', folder, '-e', 'stderr', '-c', 'config']
}

/** An nginx in one process that writes nothing down. */
export function nginxConfig(http: string): string {
  return `
    daemon off;
    master_process off;
    pid /dev/null;
    error_log stderr crit;
    events { worker_connections 16384; }
    http {
      access_log off;
      sendfile on;
      tcp_nopush on;
      keepalive_requests 100000000;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${kind};`)
        .join(' ')}
      ${http}
    }`
}

/** Consistent hashing, with the connections to the servers kept, as its documentation has it. */
export function nginxGateway(port: number, servers: readonly string[]): string {
  return nginxConfig(`
    upstream bench {
      hash $http_cookie consistent;
      ${servers.map((address) => `server ${address};`).join(' ')}
      keepalive 64;
    }
    server {
      listen 127.0.0.1:${port};
      location / {
        proxy_pass http://bench;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
      }
    }`)
}

/** Directives that have no part in what Holdfast does, and why. */
const NEEDLESS: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /^(worker_|daemon$|master_process|pid$|user$|events$|use$|multi_accept|accept_mutex|thread_pool|pcre_jit|timer_resolution|lock_file|load_module|env$|working_directory|debug_)/,
    'Holdfast runs as any Node process; --workers uses more cores',
  ],
  [
    /^(error_log|access_log|log_format|log_not_found|log_subrequest|open_log_file_cache|rewrite_log)$/,
    'logs are JSON lines on standard output, with more fields',
  ],
  [
    /^(sendfile|tcp_|aio|directio|output_buffers|postpone_output|reset_timedout_connection|open_file_cache)/,
    'a matter of the operating system',
  ],
  [
    /^(types|default_type|types_hash_|server_names_hash_|variables_hash_|map_hash_|charset|server_tokens|server_name_in_redirect|port_in_redirect|absolute_redirect|merge_slashes|underscores_in_headers|ignore_invalid_headers|log_|recursive_error_pages|msie_|chunked_transfer_encoding|etag|if_modified_since|satisfy|internal)/,
    'concerns what nginx itself would answer',
  ],
  [
    /^(keepalive$|keepalive_(time|requests|timeout)$|zone$|proxy_http_version|proxy_buffer|proxy_busy_buffers|proxy_temp|proxy_max_temp|proxy_request_buffering|proxy_headers_hash|proxy_ignore_client_abort|proxy_socket_keepalive|proxy_pass_request|proxy_pass_header|proxy_bind$|proxy_force_ranges|proxy_cache_path|proxy_cache_key|proxy_cache_lock|proxy_cache_min|proxy_cache_use_stale|proxy_cache_revalidate|proxy_cache_background|proxy_no_cache|proxy_cache_bypass|proxy_cache_methods|proxy_store|client_body|client_header|large_client_header|connection_pool|request_pool|lingering_|send_timeout|resolver)/,
    'Holdfast streams, keeps connections alive, and has its own limits for both',
  ],
  [/^(ssl_|http2|http2_)/, "TLS is Node's: 1.2 and 1.3, its ciphers, HTTP/2 with HTTP/1.1"],
  [/^gzip/, 'compression is left to the servers, or to what stands in front'],
  [/^proxy_redirect$/, 'Location is passed on as servers send it'],
  [
    /^real_ip_recursive$/,
    'the chain of X-Forwarded-For is always read back to the first untrusted address',
  ],
]

export function needlessReason(name: string): string | undefined {
  return NEEDLESS.find(([pattern]) => pattern.test(name))?.[1]
}

/** What is lost with a directive that has no counterpart. */
const REASONS: Readonly<Record<string, string>> = {
  return: 'Holdfast answers nothing itself; let a server do it, or what stands in front',
  rewrite: 'paths are changed by rewritePrefix only',
  root: 'Holdfast serves no files',
  alias: 'Holdfast serves no files',
  index: 'Holdfast serves no files',
  try_files: 'Holdfast serves no files',
  error_page: 'errors of the gateway are JSON with a HOLDFAST_* code',
  if: 'there are no conditions in a gateway file',
  set: 'there are no variables of your own in a gateway file',
  auth_basic: 'the gateway asks nobody who they are',
  auth_basic_user_file: 'the gateway asks nobody who they are',
  auth_request: 'the gateway asks nobody who they are',
  allow: 'the gateway shuts nobody out by address',
  deny: 'the gateway shuts nobody out by address',
  limit_req: 'the gateway limits no rates',
  limit_req_zone: 'the gateway limits no rates',
  limit_conn: 'the gateway limits no clients',
  limit_conn_zone: 'the gateway limits no clients',
  proxy_intercept_errors: "servers' errors are passed on",
  stream: 'Holdfast speaks HTTP only',
  mail: 'Holdfast speaks HTTP only',
  map: 'no key or header that is carried over uses it',
  fastcgi_pass: 'servers are reached over HTTP only',
  uwsgi_pass: 'servers are reached over HTTP only',
  grpc_pass: 'servers are reached over HTTP/1.1 only',
  include: 'the file is not there',
}

export function lostReason(name: string): string {
  return REASONS[name] ?? 'there is no counterpart'
}

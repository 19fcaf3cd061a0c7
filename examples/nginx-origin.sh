#!/usr/bin/env bash
# An origin on 127.0.0.1:8081 for examples/cache.yaml (Debian: apt install nginx-light). Each answer says when it was
# made. Ctrl-C ends it.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(cat "$folder/pid" 2>/dev/null) 2>/dev/null; rm -rf "$folder"' EXIT
cat >"$folder/nginx.conf" <<CONF
daemon on;
pid $folder/pid;
error_log $folder/error.log;
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  default_type text/plain;
  server {
    listen 127.0.0.1:8081;
    location /news {
      add_header Cache-Control "max-age=60";
      add_header Surrogate-Key "news front";
      return 200 "news, made at \$time_iso8601\n";
    }
    location /scores {
      add_header Cache-Control "max-age=1, stale-while-revalidate=60";
      return 200 "scores, made at \$time_iso8601\n";
    }
  }
}
CONF
nginx -c "$folder/nginx.conf"
echo "127.0.0.1:8081 is up: /news is fresh for a minute, /scores for a second and served stale while it is fetched anew."
sleep infinity

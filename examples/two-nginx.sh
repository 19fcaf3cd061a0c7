#!/usr/bin/env bash
# Two nginx servers to balance, on 127.0.0.1:8081 and :8082 (Debian: apt install nginx-light). Each says which one
# it is. Ctrl-C ends both; `kill $(cat <folder>/8082.pid)` ends one, and running the printed line starts it again.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(cat "$folder"/*.pid 2>/dev/null) 2>/dev/null; rm -rf "$folder"' EXIT
for port in 8081 8082; do
  cat >"$folder/$port.conf" <<CONF
daemon on;
pid $folder/$port.pid;
error_log $folder/error.log;
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  server { listen 127.0.0.1:$port; location / { default_type text/plain; return 200 "served by $port\n"; } }
}
CONF
  nginx -c "$folder/$port.conf"
  echo "127.0.0.1:$port is up. End it: kill \$(cat $folder/$port.pid). Again: nginx -c $folder/$port.conf"
done
sleep infinity

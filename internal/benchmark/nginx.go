package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
)

// nginxConfig is a plain reverse proxy: connections stay open on both sides, nothing is
// logged, and nothing that it needs is elsewhere than in its folder.
const nginxConfig = `
daemon off;
%[1]s
worker_processes %[2]d;
pid %[3]s/pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path %[3]s/body;
    proxy_temp_path %[3]s/proxy;
    fastcgi_temp_path %[3]s/fastcgi;
    uwsgi_temp_path %[3]s/uwsgi;
    scgi_temp_path %[3]s/scgi;
    keepalive_requests 1000000000;
    upstream app {
        server %[4]s;
        keepalive %[5]d;
        keepalive_requests 1000000000;
    }
    server {
        listen %[6]s;
        location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
}
`

// nginxNames are where to look: in PATH, and where Debian has it, which only root's PATH
// names.
var nginxNames = []string{"nginx", "/usr/sbin/nginx"}

// findProgram returns the first of some programs that this machine has.
func findProgram(names []string) (path string, ok bool) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// startNginx starts nginx as a proxy to the app's URL, with all its files in dir, and
// returns it with its own URL.
func startNginx(ctx context.Context, program, dir, app string) (*child, string, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	config, err := nginxFor(dir, strings.TrimPrefix(app, "http://"), address)
	if err != nil {
		return nil, "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, "", err
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, "", err
	}
	c, err := start(exec.CommandContext(ctx, program, "-e", "stderr", "-p", dir, "-c", path))
	if err != nil {
		return nil, "", err
	}
	url := "http://" + address
	err = until(ctx, "nginx", func() error { return postOne(ctx, url) })
	if err != nil {
		return nil, "", errors.Join(err, c.stop())
	}
	return c, url, nil
}

// nginxFor is the configuration of an nginx that may have all processors, as a Go program
// may. As root its workers stay root, since only that may read its folder.
func nginxFor(dir, app, address string) (string, error) {
	as := ""
	if os.Geteuid() == 0 {
		me, err := user.Current()
		if err != nil {
			return "", err
		}
		as = "user " + me.Username + ";"
	}
	return fmt.Sprintf(nginxConfig, as, runtime.NumCPU(), dir, app, proxyIdle, address), nil
}

// freeAddress is an address on the loopback where nothing listened just now: nginx can't
// choose a port and tell.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

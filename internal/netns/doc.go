// Package netns tests a public relay across a network that breaks. It has no code of its
// own outside the tests.
//
// Three network namespaces of Linux stand for three places: the server, where
// solatis-relay runs behind nginx with TLS; a laptop, where solatis listen runs beside the
// app; and the internet, from where events are sent. The programs are the real ones, nginx
// has packaging/nginx.conf, and the commands are those of docs/relay.md, taken from there.
//
//	internet 192.0.2.0/24 ─── server ─── 198.51.100.0/24 laptop
//
// It takes root, iproute2 and nginx. Where one is missing the tests are skipped, and fail
// where CI is set.
package netns

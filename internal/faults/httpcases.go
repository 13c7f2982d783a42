package main

import "strings"

// httpCase is what a sender writes that isn't a right request, or only just.
type httpCase struct {
	name string
	raw  string // with @ for the endpoint's path
	then ending
}

// ending is what a sender does once it has written all.
type ending int

const (
	finishes ending = iota // ends its side, and waits for answers
	resets                 // ends both sides at once
)

// Beginnings of requests. What is open has another request behind it, or nothing.
const (
	openPost   = "POST @ HTTP/1.1\r\nHost: localhost\r\n"
	closedPost = openPost + "Connection: close\r\n"
	chunks     = closedPost + "Transfer-Encoding: chunked\r\n\r\n"
	// hidden is a right request that stands where a broken one seems to end. It must not
	// be taken: to a proxy in front of the relay it was a part of a body.
	hidden = openPost + "Content-Length: 6\r\n\r\nhidden"
)

// kilobytes is some text that many cases repeat.
func kilobytes(n int) string { return strings.Repeat("x", n<<10) }

// brokenHTTP must not be answered with 2xx, and nothing of it may be recorded.
var brokenHTTP = []httpCase{
	// Lengths.
	{"two lengths", closedPost + "Content-Length: 3\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"two lengths in one header", closedPost + "Content-Length: 6, 3\r\n\r\nbroken", finishes},
	{"the same length twice in one header, and another", closedPost + "Content-Length: 6, 6, 5\r\n\r\nbroken", finishes},
	{"negative length", closedPost + "Content-Length: -6\r\n\r\nbroken", finishes},
	{"signed length", closedPost + "Content-Length: +6\r\n\r\nbroken", finishes},
	{"hexadecimal length", closedPost + "Content-Length: 0x6\r\n\r\nbroken", finishes},
	{"length with a fraction", closedPost + "Content-Length: 6.0\r\n\r\nbroken", finishes},
	{"length with an exponent", closedPost + "Content-Length: 6e0\r\n\r\nbroken", finishes},
	{"length with a comma", closedPost + "Content-Length: 6,\r\n\r\nbroken", finishes},
	{"length in other digits", closedPost + "Content-Length: ٦\r\n\r\nbroken", finishes},
	{"length over 64 bits", closedPost + "Content-Length: 18446744073709551622\r\n\r\nbroken", finishes},
	{"length over 63 bits", closedPost + "Content-Length: 9223372036854775808\r\n\r\nbroken", finishes},
	{"length over the limit", closedPost + "Content-Length: 33554433\r\n\r\nbroken", finishes},
	{"empty length", closedPost + "Content-Length:\r\nTransfer-Encoding: identity\r\n\r\nbroken", finishes},
	{"body too short", closedPost + "Content-Length: 60\r\n\r\nbroken", finishes},
	{"body that never begins", closedPost + "Content-Length: 6\r\n\r\n", finishes},
	{"large body too short", closedPost + "Content-Length: 1000000\r\n\r\n" + kilobytes(700), finishes},
	{"body that is reset", closedPost + "Content-Length: 60\r\n\r\nbroken", resets},
	{"large body that is reset", closedPost + "Content-Length: 1000000\r\n\r\n" + kilobytes(700), resets},

	// Chunks.
	{"chunk longer than its size", chunks + "5\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk shorter than its size", chunks + "7\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk size that is no number", chunks + "z\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk size with a sign", chunks + "+6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"negative chunk size", chunks + "-6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk size as C writes it", chunks + "0x6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"empty chunk size", chunks + "\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk size over 64 bits", chunks + "10000000000000006\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk size that ends with LF", chunks + "6\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk extension that ends with LF", chunks + "6;a\nbroken\r\n0\r\n\r\n", finishes},
	{"chunk that ends with LF", chunks + "6\r\nbroken\n0\r\n\r\n", finishes},
	{"chunk that ends with CR", chunks + "6\r\nbroken\r0\r\n\r\n", finishes},
	{"NUL in a chunk size", chunks + "6\x00\r\nbroken\r\n0\r\n\r\n", finishes},
	{"endless chunk extension", chunks + "6;a=" + kilobytes(64) + "\r\nbroken\r\n0\r\n\r\n", finishes},
	{"extensions far larger than chunks", chunks + strings.Repeat("1;a="+kilobytes(1)+"\r\nb\r\n", 100) + "0\r\n\r\n", finishes},
	{"cut in a chunk", chunks + "9\r\nbroken", finishes},
	{"cut behind a chunk", chunks + "6\r\nbroken\r\n", finishes},
	{"cut in a chunk size", chunks + "6\r\nbroken\r\n1", finishes},
	{"cut before the last line", chunks + "6\r\nbroken\r\n0\r\n", finishes},
	{"cut in a large chunk", chunks + "f4240\r\n" + kilobytes(700), finishes},
	{"chunks that never begin", chunks, finishes},
	{"chunks that are reset", chunks + "6\r\nbroken\r\n", resets},
	{"broken trailer", chunks + "6\r\nbroken\r\n0\r\nno colon\r\n\r\n", finishes},

	// Encodings.
	{"chunked twice", closedPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunked twice in one header", closedPost + "Transfer-Encoding: chunked, chunked\r\n\r\n6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunked behind another", closedPost + "Transfer-Encoding: gzip, chunked\r\n\r\n6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"another encoding and a length", closedPost + "Transfer-Encoding: identity\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"nearly chunked", openPost + "Transfer-Encoding: xchunked\r\nContent-Length: 6\r\n\r\nbroken" + hidden, finishes},
	{"chunked with a vertical tab", openPost + "Transfer-Encoding: \vchunked\r\nContent-Length: 6\r\n\r\nbroken" + hidden, finishes},
	{"chunked, in quotes", openPost + "Transfer-Encoding: \"chunked\"\r\nContent-Length: 6\r\n\r\nbroken" + hidden, finishes},
	{"space before the colon of an encoding", openPost + "Transfer-Encoding : chunked\r\nContent-Length: 6\r\n\r\nbroken" + hidden, finishes},
	{"tab before the colon of a length", openPost + "Content-Length\t: 6\r\n\r\nbroken" + hidden, finishes},
	{"HTTP/1.0 with chunks", "POST @ HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nbroken\r\n0\r\n\r\n", finishes},
	{"chunked and a length, cut", closedPost + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\nbroken", finishes},
	{"two lengths, and one behind", openPost + "Content-Length: 0\r\nContent-Length: 6\r\n\r\n" + hidden, finishes},
	{"LF in chunks, and one behind", openPost + "Transfer-Encoding: chunked\r\n\r\n6\nbroken\n0\n\n" + hidden, finishes},

	// Headers.
	{"header without a colon", closedPost + "Content-Length 6\r\n\r\nbroken", finishes},
	{"header without a name", closedPost + ": 6\r\n\r\nbroken", finishes},
	{"NUL in a header", closedPost + "X-A: a\x00b\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"NUL in a header's name", closedPost + "X\x00A: a\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"CR in a header", closedPost + "X-A: a\rContent-Length: 6\r\n\r\nbroken", finishes},
	{"folded before any header", "POST @ HTTP/1.1\r\n Host: localhost\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"a megabyte of header", closedPost + "X-A: " + kilobytes(1024) + "\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"a megabyte of headers", closedPost + strings.Repeat("X-A: "+kilobytes(1)+"\r\n", 1024) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"a hundred thousand empty headers", closedPost + strings.Repeat("X:\r\n", 100_000) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"headers that never end", closedPost + "Content-Length: 6\r\n", finishes},
	{"headers that are reset", closedPost + "Content-Len", resets},
	{"no host", "POST @ HTTP/1.1\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"two hosts", closedPost + "Host: localhost\r\nContent-Length: 6\r\n\r\nbroken", finishes},
	{"another host", "POST @ HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 6\r\n\r\nbroken", finishes},

	// Request lines.
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", finishes},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", finishes},
	{"no version", "POST @\r\n\r\n", finishes},
	{"another major version", strings.Replace(closedPost, "1.1", "3.0", 1) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"no method", strings.TrimPrefix(closedPost, "POST ") + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"method in lower case", "post" + strings.TrimPrefix(closedPost, "POST") + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"two spaces", strings.Replace(closedPost, "@ ", "@  ", 1) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"space in the path", strings.Replace(closedPost, "@", "@/a b", 1) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"broken escape in the path", strings.Replace(closedPost, "@", "@/%zz", 1) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"NUL in the path", strings.Replace(closedPost, "@", "@/\x00", 1) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"a megabyte of path", strings.Replace(closedPost, "@", "@/"+kilobytes(1024), 1) + "Content-Length: 6\r\n\r\nbroken", finishes},
	{"nothing at all", "", finishes},
	{"garbage", "\x00\xff\xfe\r\n\r\n" + hidden, finishes},
}

// oddHTTP is what a server may take or refuse. What is taken has to be "odd", whole.
var oddHTTP = []httpCase{
	{"the same length twice", closedPost + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nodd", finishes},
	{"zeros before the length", closedPost + "Content-Length: 0003\r\n\r\nodd", finishes},
	{"LF only in the headers", strings.ReplaceAll(closedPost, "\r", "") + "Content-Length: 3\n\nodd", finishes},
	{"a folded header", closedPost + "X-A: a\r\n X-B: b\r\nContent-Length: 3\r\n\r\nodd", finishes},
	{"chunk extensions and a trailer", chunks + "1;x=y\r\no\r\n0002\r\ndd\r\n0\r\nX-Trailer: t\r\n\r\n", finishes},
	{"both a length and chunks", openPost + "Content-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nodd\r\n0\r\n\r\n", finishes},
	{"garbage behind", openPost + "Content-Length: 3\r\n\r\nodd\x00\x01garbage\r\n\r\n", finishes},
	{"absolute URL", strings.Replace(closedPost, "@", "http://localhost@", 1) + "Content-Length: 3\r\n\r\nodd", finishes},
	{"empty lines before", "\r\n\r\n" + closedPost + "Content-Length: 3\r\n\r\nodd", finishes},
	{"HTTP/1.9", strings.Replace(closedPost, "1.1", "1.9", 1) + "Content-Length: 3\r\n\r\nodd", finishes},
	{"HTTP/1.0", strings.Replace(closedPost, "1.1", "1.0", 1) + "Content-Length: 3\r\n\r\nodd", finishes},
}

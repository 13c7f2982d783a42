package archtest

// levels gives every internal package its level. Imports go to lower levels only.
// Packages of later work stand here too, since their place is decided.
var levels = map[string]int{
	// What everything speaks of, and what stands alone.
	"event":     0,
	"signature": 0,
	"wsconn":    0,
	"buildinfo": 0,
	"collector": 0,
	"loopback":  0,
	"nearest":   0,

	// The domain's rules, the wire's frames, the disk's foundations.
	"catalog":  1,
	"curl":     1,
	"delivery": 1,
	"filter":   1,
	"override": 1,
	"wire":     1,
	"sqlitedb": 1,
	"folders":  1,

	// The parts that do one thing each.
	"activity":   2,
	"api":        2,
	"credential": 2,
	"drift":      2,
	"envfile":    2,
	"fixture":    2,
	"history":    2,
	"relay":      2,
	"send":       2,
	"session":    2,
	"settings":   2,

	// What joins two parts, or shows them.
	"control":           3,
	"fault":             3, // it sends as send does, and otherwise
	"relay/access":      3,
	"relay/sqlitestore": 3,
	"relay/storetest":   3,
	"sandbox":           3,
	"term":              3,
	"tunnel":            3,

	// The whole of one session, and of one relay.
	"check":           4,
	"doctor":          4,
	"listen":          4,
	"relay/admin":     4,
	"tui":             4, // what it shows passes term's sanitizer
	"relay/server":    5,
	"relay/relaytest": 5, // it runs the relay just as listen embeds it

	// What a person starts.
	"archtest":  6,
	"benchmark": 6,
	"cli":       6,
	"e2e":       6,
	"faults":    6,
	"netns":     6,
	"relaycli":  6,
}

// onlyImporters names the libraries that few packages may import: each is known to
// these alone, so that it can be replaced, and its quirks live in one place. A key
// stands for the package and all below it.
var onlyImporters = []struct {
	library string
	by      []string
	reason  string
}{
	{"github.com/gorilla/websocket", []string{"internal/wsconn"},
		"it has had no release since 2024; behind wsconn it can be replaced in one place"},
	{"modernc.org/sqlite", []string{"internal/sqlitedb"},
		"the driver is an exchangeable detail, and only sqlitedb sets and reads back the pragmas that durability rests on"},
	{"github.com/fatih/color", []string{"internal/cli", "internal/relaycli", "internal/term"},
		"it looks at stdout on its own; whether there is colour is decided once, by term"},
	{"github.com/spf13/cobra", []string{"internal/cli", "internal/relaycli"},
		"flags and help are the command line's; what lies below is called by tests and by other programs too"},
	{"github.com/spf13/pflag", []string{"internal/cli", "internal/relaycli"},
		"flags are the command line's: packages take options, not flags"},
}

// pure names the packages that compute and do nothing else, and what they therefore
// can't import. They take time as an argument and bytes as values.
var pure = struct {
	packages []string
	banned   []string // each stands for the package and all below it
	reason   string
}{
	packages: []string{"internal/event", "internal/signature", "internal/delivery", "internal/wire"},
	banned: []string{
		"bufio", "database", "embed", "io/fs", "io/ioutil", "log", "net", "os", "path/filepath",
		"plugin", "runtime/debug", "syscall", "testing", "unsafe",
	},
	reason: "it is part of the domain, which does no I/O: what it computes must be testable from its arguments alone",
}

// stdOnly names the packages that import nothing but the standard library and, below
// internal/, the pure packages.
var stdOnly = []struct {
	pkg    string // and all below it
	reason string
}{
	{"internal/event", "everything imports it, so whatever it imported would be everywhere"},
	{"internal/signature", "what decides whether a request is genuine should be readable to its end"},
	{"internal/delivery", "the retry rules are the provider's, not a library's"},
	{"docs/", "it is copied into other people's programs"},
}

// unlinked names what must not end up in a program, not even by way of another
// package.
var unlinked = []struct {
	program string
	library string // and all below it
	reason  string
}{
	{"cmd/solatis", "github.com/santhosh-tekuri/jsonschema", "it spends 3 ms at every start; drift reads the shapes of the catalogue itself, and the library is its tests' oracle"},
	{"cmd/solatis", "golang.org/x/crypto/acme", "certificates are the public relay's: half a megabyte that no laptop needs"},
	{"cmd/solatis", "github.com/caddyserver/certmagic", "certificates are the public relay's: two megabytes that no laptop needs"},
	{"cmd/solatis", "github.com/VictoriaMetrics/metrics", "metrics are the public relay's"},
	{"cmd/solatis", "github.com/prometheus", "metrics are the public relay's"},
	{"cmd/solatis", "github.com/nats-io", "a clustered store is the public relay's"},
	{"cmd/solatis", "github.com/spf13/cobra/doc", "the manual is written by a script, not by the program"},
	{"cmd/solatis", "testing", "a test helper was imported by code that ships"},
	{"cmd/solatis-relay", "charm.land", "a server has no live view"},
	{"cmd/solatis-relay", "github.com/charmbracelet", "a server has no live view"},
	{"cmd/solatis-relay", "github.com/santhosh-tekuri/jsonschema", "schemas are checked by the catalogue's tests"},
	{"cmd/solatis-relay", "testing", "a test helper was imported by code that ships"},
}

// vagueNames are no names for a package: they say that its author had not decided
// what it is for, and everything ends up in it.
var vagueNames = []string{"util", "utils", "common", "shared", "models", "helpers", "helper", "types", "misc", "base"}

// speakers may write to the standard streams; so may every package main.
var speakers = []string{"internal/benchmark", "internal/cli", "internal/faults", "internal/relaycli", "internal/term"}

// streams are the names by which a package reaches the process's own streams behind
// its caller's back.
var streams = map[string][]string{
	"fmt": {"Print", "Printf", "Println"},
	"os":  {"Stdout", "Stderr"},
	"log": {"Print", "Printf", "Println", "Default", "SetOutput"},
}

// exits are the names by which a package ends the process.
var exits = map[string][]string{
	"os":      {"Exit"},
	"log":     {"Fatal", "Fatalf", "Fatalln"},
	"syscall": {"Exit"},
}

// Package buildinfo says which solatis this is.
//
// A release carries version, commit and date as the linker wrote them (-X, see
// .goreleaser.yaml). A program built in any other way tells what the Go toolchain
// noted of its module and its repository: `go install …@v1.2.3` knows its version,
// and a build in a clone knows its commit and whether the tree had changes.
package buildinfo

import (
	"cmp"
	"runtime/debug"
	"strings"
)

// Unreleased is the version of a build that doesn't know one.
const Unreleased = "devel"

// Written by the linker, all three or none.
var version, commit, date string

// Info is what a build knows of itself. Only Version is never empty.
type Info struct {
	Version string // without the "v", such as "1.2.3", or Unreleased
	Commit  string // the full hash; "-dirty" follows it when files had changed
	Date    string // of the commit, RFC 3339
}

// Read returns what this program knows of itself.
func Read() Info {
	if version != "" {
		return Info{Version: strings.TrimPrefix(version, "v"), Commit: commit, Date: date}
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return Info{Version: Unreleased}
	}
	return fromToolchain(build)
}

// Version returns Read().Version.
func Version() string { return Read().Version }

// fromToolchain reads what `go build` and `go install` note. The main module has no
// version in a test binary, and "(devel)" where the toolchain can't tell.
func fromToolchain(build *debug.BuildInfo) Info {
	var info Info
	if build.Main.Version != "(devel)" {
		info.Version = strings.TrimPrefix(build.Main.Version, "v")
	}
	info.Version = cmp.Or(info.Version, Unreleased)

	dirty := ""
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Commit = setting.Value
		case "vcs.time":
			info.Date = setting.Value
		case "vcs.modified":
			if setting.Value == "true" {
				dirty = "-dirty"
			}
		}
	}
	if info.Commit != "" {
		info.Commit += dirty
	}
	return info
}

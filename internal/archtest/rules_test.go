package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A rule looks at one package and says what is wrong with it, each complaint with
// what to do about it.
type rule func(p *pkg) []string

var rules = map[string]rule{
	"levels":        checkLevels,
	"onlyImporters": checkOnlyImporters,
	"pure":          checkPure,
	"stdOnly":       checkStdOnly,
	"names":         checkName,
	"streams":       checkStreams,
	"exits":         checkExits,
}

func checkLevels(p *pkg) []string {
	name, internal := strings.CutPrefix(p.path, "internal/")
	if !internal {
		return nil // programs and examples stand above all levels
	}
	level, known := levels[name]
	if !known {
		return []string{fmt.Sprintf("%s has no level: add it to the table in internal/archtest/table_test.go, one above the highest package that it imports", p.path)}
	}
	return eachImport(p, func(imported string) string {
		lower, internal := strings.CutPrefix(imported, "internal/")
		if !internal {
			return ""
		}
		if lowerLevel, known := levels[lower]; known && lowerLevel >= level {
			return fmt.Sprintf("level %d can't import %s, level %d: move what both need further down, or let this package declare an interface that %s fulfils",
				level, imported, lowerLevel, path.Base(lower))
		}
		return ""
	})
}

func checkOnlyImporters(p *pkg) []string {
	return eachImport(p, func(imported string) string {
		for _, ban := range onlyImporters {
			if within(imported, ban.library) && !slices.Contains(ban.by, p.path) {
				return fmt.Sprintf("only %s may import %s: %s", strings.Join(ban.by, " and "), imported, ban.reason)
			}
		}
		return ""
	})
}

func checkPure(p *pkg) []string {
	if !slices.Contains(pure.packages, p.path) {
		return nil
	}
	return eachImport(p, func(imported string) string {
		for _, banned := range pure.banned {
			if within(imported, banned) {
				return fmt.Sprintf("%s can't import %s: %s", p.path, imported, pure.reason)
			}
		}
		return ""
	})
}

func checkStdOnly(p *pkg) []string {
	return eachImport(p, func(imported string) string {
		for _, ban := range stdOnly {
			allowed := isStd(imported) || within(p.path, "internal") && slices.Contains(pure.packages, imported)
			if within(p.path, ban.pkg) && !allowed {
				return fmt.Sprintf("%s can't import %s, only the standard library: %s", p.path, imported, ban.reason)
			}
		}
		return ""
	})
}

func checkName(p *pkg) []string {
	for _, name := range []string{path.Base(p.path), p.name} {
		if slices.Contains(vagueNames, name) {
			return []string{fmt.Sprintf("%s: %q is no name for a package: name it for what it provides", p.path, name)}
		}
	}
	return nil
}

func checkStreams(p *pkg) []string {
	if p.name == "main" || slices.Contains(speakers, p.path) {
		return nil
	}
	return eachUse(p, func(u use) string {
		if u.pkg == "" || u.is(streams) {
			return "a library writes to no stream of the process: return the text, or take an io.Writer"
		}
		return ""
	})
}

func checkExits(p *pkg) []string {
	if p.name == "main" {
		return nil
	}
	return eachUse(p, func(u use) string {
		if u.is(exits) {
			return "only main ends the process, since exiting skips every deferred function: return an error"
		}
		return ""
	})
}

func eachImport(p *pkg, complain func(imported string) string) []string {
	var found []string
	for _, f := range p.files {
		for _, imported := range f.imports {
			if text := complain(imported); text != "" {
				found = append(found, f.path+": "+text)
			}
		}
	}
	return found
}

func eachUse(p *pkg, complain func(use) string) []string {
	var found []string
	for _, f := range p.files {
		for _, u := range f.uses {
			if text := complain(u); text != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s: %s", f.path, u.line, path.Join(u.pkg, u.name), text))
			}
		}
	}
	return found
}

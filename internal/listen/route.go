package listen

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/send"
)

// Route gives events of some types a target of their own. Of a session's routes the first
// that matches takes an event, and no other target gets it.
type Route struct {
	Events string // a pattern of catalog.Match, such as "document.*"; "*" also takes what is no event
	Target send.Target
}

// everything is the pattern that takes what is no event too.
const everything = "*"

// ParseRoute reads a route as a developer types it: a pattern, "=" and a target of
// send.ParseTarget, such as "document.*=localhost:3000/docs". A pattern that stands for
// none of the known types is an error, since it would never take anything.
func ParseRoute(s string) (Route, error) {
	pattern, text, ok := strings.Cut(s, "=")
	if !ok {
		return Route{}, fmt.Errorf("route %q: there is no \"=\"; write it like 'document.*=localhost:3000/docs'", s)
	}
	r := Route{Events: pattern}
	if _, err := catalog.Match(pattern); err != nil {
		return Route{}, fmt.Errorf("route %q: %w", s, err)
	}
	var err error
	if r.Target, err = send.ParseTarget(text); err != nil {
		return Route{}, fmt.Errorf("route %q: %w", s, err)
	}
	return r, nil
}

// String returns the route as ParseRoute reads it.
func (r Route) String() string { return r.Events + "=" + r.Target.String() }

// Takes reports whether the route matches an event of a type, "" for what is no event.
func (r Route) Takes(eventType string) bool {
	if r.Events == everything {
		return true
	}
	ok, err := path.Match(r.Events, eventType)
	return ok && err == nil && eventType != ""
}

// CheckRoutes refuses a route that would never take anything, because those before it
// take all that it stands for, or because the session forwards no such events. No events
// mean all, as in Config.
func CheckRoutes(routes []Route, events []string) error {
	if len(events) == 0 {
		events = catalog.Names()
	}
	taken := make(map[string]bool)
	all := false // whether a route before takes even what is no event
	for _, r := range routes {
		types, err := catalog.Match(r.Events)
		if err != nil {
			return fmt.Errorf("route %s: %w", r, err)
		}
		wanted := slices.DeleteFunc(slices.Clone(types), func(t string) bool { return !slices.Contains(events, t) })
		if len(wanted) == 0 {
			return fmt.Errorf("route %s: it takes nothing, since its events are not among those to forward", r)
		}
		free := slices.DeleteFunc(wanted, func(t string) bool { return taken[t] })
		if all || len(free) == 0 && r.Events != everything {
			return fmt.Errorf("route %s: %w", r, errShadowed)
		}
		for _, t := range types {
			taken[t] = true
		}
		all = all || r.Events == everything
	}
	return nil
}

var errShadowed = errors.New("it takes nothing, since an event goes by the first route that matches, and those before take all of its events; put it before them or leave it out")

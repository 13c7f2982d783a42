package tui

import (
	"runtime"

	"charm.land/bubbles/v2/key"
)

// keyMap is every key of the view. Help, the line at the bottom and the table in the
// documentation are made from it.
type keyMap struct {
	up, down, pageUp, pageDown, top, bottom key.Binding
	open, back, filter                      key.Binding

	nextTab, prevTab, tab, form          key.Binding
	fold, foldMore, foldLess             key.Binding
	search, nextFound, prevFound         key.Binding
	newer, older                         key.Binding
	replay, edit, trigger, pause, enable key.Binding
	curl, copy, copyURL, mark, save      key.Binding
	info, help, suspend, quit            key.Binding
}

func bind(help, what string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, what))
}

// allKeys is the key map where everything can be done.
func allKeys() keyMap {
	return keyMap{
		up:       bind("↑ k", "up", "up", "k"),
		down:     bind("↓ j", "down", "down", "j"),
		pageUp:   bind("PgUp b", "a page up", "pgup", "b", "ctrl+b"),
		pageDown: bind("PgDn space", "a page down", "pgdown", "space", "ctrl+f"),
		top:      bind("g Home", "to the beginning", "g", "home"),
		bottom:   bind("G End", "to the end; the list follows what comes", "G", "end"),
		open:     bind("enter", "open the delivery", "enter", "l", "right"),
		back:     bind("esc", "back", "esc", "backspace"),
		filter:   bind("/", "filter the list", "/"),

		nextTab:   bind("→ l tab", "next tab", "right", "l", "tab"),
		prevTab:   bind("← h", "previous tab", "left", "h", "shift+tab"),
		tab:       bind("1-6", "a tab by its number", "1", "2", "3", "4", "5", "6"),
		form:      bind("f", "body as JSON, raw or hex", "f"),
		foldLess:  bind("+", "unfold a level of the JSON", "+", "="),
		foldMore:  bind("-", "fold a level of the JSON", "-"),
		fold:      bind("z", "fold or unfold the JSON around what was found, or at the top", "z"),
		search:    bind("/", "search in the tab", "/"),
		nextFound: bind("n", "next place found", "n"),
		prevFound: bind("N", "previous place found", "N"),
		newer:     bind("J ]", "the next delivery", "J", "]"),
		older:     bind("K [", "the delivery before", "K", "["),

		replay:  bind("r", "replay: send it once more", "r"),
		edit:    bind("e", "edit the body in $EDITOR, sign it anew and send", "e"),
		trigger: bind("t", "trigger an event", "t"),
		pause:   bind("p", "pause forwarding, or go on", "p"),
		enable:  bind("E", "enable a disabled target", "E"),
		curl:    bind("c", "copy as a curl command", "c"),
		copy:    bind("y", "copy the id, the body or the URL", "y"),
		copyURL: bind("u", "copy the session's URL", "u"),
		mark:    bind("x", "mark, to compare others with it", "x"),
		save:    bind("s", "save the body to a file", "s"),
		info:    bind("i", "about the session", "i"),
		help:    bind("?", "these keys", "?"),
		suspend: bind("^Z", "suspend; fg comes back", "ctrl+z"),
		quit:    bind("q ^C", "quit", "q", "ctrl+c"),
	}
}

// newKeyMap returns the keys of what can be done here.
func newKeyMap(a *Actions, session bool) keyMap {
	k := allKeys()
	for binding, can := range map[*key.Binding]bool{
		&k.replay:  a.Replay != nil,
		&k.edit:    a.Send != nil,
		&k.trigger: a.Trigger != nil && a.Samples != nil,
		&k.pause:   a.Pause != nil,
		&k.enable:  a.Enable != nil,
		&k.curl:    a.Curl != nil,
		&k.copyURL: session,
		&k.suspend: runtime.GOOS != "windows",
	} {
		binding.SetEnabled(can)
	}
	return k
}

// keyGroup is a part of the help.
type keyGroup struct {
	title string
	keys  []key.Binding
}

// groups are the keys in the order of the help, without those that do nothing here.
func (k *keyMap) groups() []keyGroup {
	groups := []keyGroup{
		{"Move", []key.Binding{k.up, k.down, k.pageUp, k.pageDown, k.top, k.bottom, k.open, k.back, k.filter}},
		{"In a delivery", []key.Binding{k.nextTab, k.prevTab, k.tab, k.form, k.foldMore, k.foldLess, k.fold, k.search, k.nextFound, k.prevFound, k.newer, k.older}},
		{"Act", []key.Binding{k.replay, k.edit, k.trigger, k.pause, k.enable, k.curl, k.copy, k.copyURL, k.mark, k.save}},
		{"Else", []key.Binding{k.info, k.help, k.suspend, k.quit}},
	}
	for i, g := range groups {
		groups[i].keys = nil
		for _, b := range g.keys {
			if b.Enabled() {
				groups[i].keys = append(groups[i].keys, b)
			}
		}
	}
	return groups
}

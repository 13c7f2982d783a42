package override

import (
	"fmt"
	"slices"
)

// add puts a value where nothing is yet, with all that leads there.
func add(doc []byte, at place, e Edit) ([]byte, error) {
	s := at.rest[0]
	value, err := wrap(at.rest[1:], e.value, e.path)
	if err != nil {
		return nil, err
	}
	all := entries(doc, at.value)
	kind := doc[at.value.start]
	switch {
	case kind == '{' && !s.bracket:
		return insert(doc, at.value, all, appendString(nil, s.name), value), nil
	case kind == '[' && (s.index == atEnd || s.index == len(all)):
		return insert(doc, at.value, all, nil, value), nil
	}
	holder := nameOf(e.path[:len(e.path)-len(at.rest)])
	switch {
	case kind == '{':
		return nil, fmt.Errorf("%s is an object, so an index leads nowhere in it", holder)
	case kind == '[' && s.index >= 0:
		return nil, fmt.Errorf("%s is a list of %d, counted from 0, so the next one is %s[%d]", holder, len(all), holder, len(all))
	case kind == '[':
		return nil, fmt.Errorf("%s is a list, so it takes an index and not %s", holder, s.name)
	}
	return nil, fmt.Errorf("%s is %s, so nothing can be within it: set it to {} first", holder, kindOf(kind))
}

// wrap makes the objects and lists that lead to a value.
func wrap(rest path, value []byte, whole path) ([]byte, error) {
	for i, s := range slices.Backward(rest) {
		holder := whole[:len(whole)-len(rest)+i]
		switch {
		case s.bracket && s.index <= 0:
			value = slices.Concat([]byte("["), value, []byte("]"))
		case s.bracket:
			return nil, fmt.Errorf("%v is not there yet, so its first element is %v[0]", holder, holder)
		case s.index != noIndex:
			return nil, fmt.Errorf("%v is not there yet, and %s could be a key or an index: write %v[%s] for a list, or add %v={} before", holder, s.name, holder, s.name, holder)
		default:
			value = slices.Concat([]byte("{"), appendString(nil, s.name), []byte(":"), value, []byte("}"))
		}
	}
	return value, nil
}

// insert puts an entry behind the last one, with the white space that the last one has.
func insert(doc []byte, in span, all []entry, key, value []byte) []byte {
	if key != nil {
		key = append(key, ':')
	}
	if len(all) == 0 {
		return splice(doc, span{in.start + 1, in.end - 1}, append(key, value...))
	}
	last := all[len(all)-1]
	before := in.start + 1
	if len(all) > 1 {
		before = all[len(all)-2].value.end
	}
	space := slices.Clone(doc[before:last.name.start])
	space = slices.DeleteFunc(space, func(c byte) bool { return c == ',' })
	if key != nil {
		key = append(key[:len(key)-1], doc[last.name.end:last.value.start]...)
	}
	return splice(doc, span{last.value.end, last.value.end}, slices.Concat([]byte(","), space, key, value))
}

// unset takes an entry out, and those of the same key.
func unset(doc []byte, at place) []byte {
	var kept []int
	for i, e := range at.all {
		if same := doc[at.in.start] == '{' && e.key == at.all[at.index].key; i != at.index && !same {
			kept = append(kept, i)
		}
	}
	if len(kept) == 0 {
		return splice(doc, span{at.in.start + 1, at.in.end - 1}, nil)
	}
	// What stays keeps the white space before it, and the first one that which was before
	// the first.
	out := slices.Clone(doc[:at.all[0].name.start])
	for n, i := range kept {
		if n > 0 {
			out = append(out, doc[at.all[i-1].value.end:at.all[i].name.start]...)
		}
		out = append(out, doc[at.all[i].name.start:at.all[i].value.end]...)
	}
	return append(out, doc[at.all[len(at.all)-1].value.end:]...)
}

package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// objects returns the fields of each object in a body, in their order, by path. Objects
// of one path, such as the elements of a list, have to have the same ones.
func objects(t *testing.T, body []byte) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := walk(dec, "", found); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return found
}

func walk(dec *json.Decoder, path string, found map[string][]string) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	var keys []string
	switch token {
	case json.Delim('['):
		for dec.More() {
			if err := walk(dec, path+"[]", found); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			keys = append(keys, key.(string))
			if err := walk(dec, path+"."+key.(string), found); err != nil {
				return err
			}
		}
		if before, ok := found[path]; ok && !slices.Equal(before, keys) {
			return fmt.Errorf("%q has the fields %q and %q", path, before, keys)
		}
		found[path] = keys
	default:
		return nil
	}
	_, err = dec.Token()
	return err
}

// names returns the fields of one object in their order, whatever they hold.
func names(t *testing.T, object []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatal(err)
		}
		all = append(all, name.(string))
	}
	return all
}

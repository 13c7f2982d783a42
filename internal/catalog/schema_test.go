package catalog

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile returns the schema of a type, which checks formats such as date-time too.
func compile(t *testing.T, typ Type) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(typ.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	url := "urn:solatis:event:" + typ.Name
	if err := compiler.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	if schema.ID != url || schema.DraftVersion != 2020 {
		t.Errorf("%s: schema %q of draft %d, want %q of 2020", typ.Name, schema.ID, schema.DraftVersion, url)
	}
	return schema
}

func decode(t *testing.T, body []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func TestSchemas(t *testing.T) {
	for _, typ := range Types() {
		t.Run(typ.Name, func(t *testing.T) {
			schema := compile(t, typ)
			bodies := [][]byte{typ.Sample(), generate(t, typ, nil)}
			for seed := range uint64(200) {
				bodies = append(bodies, generate(t, typ, &seed))
			}
			for _, body := range bodies {
				v := decode(t, body)
				if err := schema.Validate(v); err != nil {
					t.Fatalf("%v\n%s", err, body)
				}
				addUnknown(v)
				if err := schema.Validate(v); err != nil {
					t.Fatalf("with a field more in each object: %v", err)
				}
			}
			for broken, breakIt := range breakers(typ) {
				v := decode(t, typ.Sample()).(map[string]any)
				breakIt(v)
				if schema.Validate(v) == nil {
					t.Errorf("a body that has %s is valid", broken)
				}
			}
		})
	}
}

// addUnknown gives every object in v a field that no schema knows.
func addUnknown(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, child := range v {
			addUnknown(child)
		}
		v["of_a_later_version"] = map[string]any{"x": nil}
	case []any:
		for _, child := range v {
			addUnknown(child)
		}
	}
}

// breakers return ways to make a sample invalid.
func breakers(typ Type) map[string]func(map[string]any) {
	ways := map[string]func(map[string]any){
		"no id":                 func(v map[string]any) { delete(v, "id") },
		"an id of another kind": func(v map[string]any) { v["id"] = "doc_xyz789" },
		"another event":         func(v map[string]any) { v["event"] = "task.renamed" },
		"no data":               func(v map[string]any) { delete(v, "data") },
		"data that is a list":   func(v map[string]any) { v["data"] = []any{} },
		"a time in local form":  func(v map[string]any) { v["created_at"] = "2026-02-02 10:30" },
	}
	for field := range decodeData(typ) {
		ways["a list as "+field] = func(v map[string]any) { v["data"].(map[string]any)[field] = []any{json.Number("1")} }
		if typ.Source == Documented {
			ways["no "+field] = func(v map[string]any) { delete(v["data"].(map[string]any), field) }
		}
	}
	return ways
}

func decodeData(typ Type) map[string]any {
	var body struct{ Data map[string]any }
	if err := json.Unmarshal(typ.Sample(), &body); err != nil {
		panic(err)
	}
	return body.Data
}

// TestSchemasDescribe holds that a schema names every field of its sample, in the same
// order, and says the same of its type as the catalogue does.
func TestSchemasDescribe(t *testing.T) {
	for _, typ := range Types() {
		var head struct {
			Title       string
			Description string
			Defs        map[string]json.RawMessage `json:"$defs"`
		}
		if err := json.Unmarshal(typ.Schema(), &head); err != nil {
			t.Fatal(err)
		}
		inferred := strings.Contains(head.Description, "Inferred")
		if head.Title != typ.Name || !strings.HasPrefix(head.Description, "Fired when "+typ.Fired+". ") ||
			inferred != (typ.Source == Inferred) {
			t.Errorf("%s (%s): title %q, description %q", typ.Name, typ.Source, head.Title, head.Description)
		}
		described := map[string][]string{}
		describe(t, typ.Schema(), "", head.Defs, described)
		for path, keys := range objects(t, typ.Sample()) {
			if !slices.Equal(described[path], keys) {
				t.Errorf("%s: %q has the fields %q, its schema %q", typ.Name, path, keys, described[path])
			}
		}
	}
}

// describe adds to found the fields of each object that a schema describes, by path.
func describe(t *testing.T, schema []byte, path string, defs map[string]json.RawMessage, found map[string][]string) {
	var node struct {
		Ref        string `json:"$ref"`
		AnyOf      []json.RawMessage
		Items      json.RawMessage
		Properties json.RawMessage
	}
	if err := json.Unmarshal(schema, &node); err != nil {
		t.Fatal(err)
	}
	if node.Ref != "" {
		describe(t, defs[strings.TrimPrefix(node.Ref, "#/$defs/")], path, defs, found)
	}
	for _, option := range node.AnyOf {
		describe(t, option, path, defs, found)
	}
	if node.Items != nil {
		describe(t, node.Items, path+"[]", defs, found)
	}
	if node.Properties == nil {
		return
	}
	found[path] = names(t, node.Properties)
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(node.Properties, &properties); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		describe(t, properties[name], path+"."+name, defs, found)
	}
}

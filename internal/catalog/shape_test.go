package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// keywords are those that the shapes know, and those that say nothing of a type.
var keywords = []string{
	"$schema", "$id", "title", "description", "examples", "format", "pattern", "minLength", "minimum", "maximum",
	"type", "const", "properties", "required", "items", "anyOf", "$ref", "$defs",
}

// TestShapesKnowSchemas holds that the schemas say nothing of which the shapes know nothing.
func TestShapesKnowSchemas(t *testing.T) {
	for _, typ := range Types() {
		var schema map[string]any
		if err := json.Unmarshal(typ.Schema(), &schema); err != nil {
			t.Fatal(err)
		}
		checkKeywords(t, typ.Name, schema)
	}
}

func checkKeywords(t *testing.T, path string, schema map[string]any) {
	for word, value := range schema {
		if !slices.Contains(keywords, word) {
			t.Errorf("%s: the shapes don't know %q", path, word)
		}
		switch v := value.(type) {
		case map[string]any:
			if word == "items" {
				checkKeywords(t, path+"[]", v)
				continue
			}
			for name, child := range v { // of properties and $defs
				checkKeywords(t, path+"."+name, child.(map[string]any))
			}
		case []any:
			for _, child := range v {
				if node, ok := child.(map[string]any); ok && word == "anyOf" {
					checkKeywords(t, path, node)
				}
			}
		}
	}
}

// TestShapesOfFields holds the order and the parts of one shape.
func TestShapesOfFields(t *testing.T) {
	task, err := Lookup("task.updated")
	if err != nil {
		t.Fatal(err)
	}
	shape := task.Shape()
	if shape != task.Shape() {
		t.Error("the shape is read twice")
	}
	var names []string
	for _, f := range shape.Fields {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "id event created_at data" {
		t.Errorf("the fields are %s", got)
	}
	event, data := shape.Fields[1], shape.Fields[3]
	if event.Const != "task.updated" || !event.Takes("string") || event.Takes("null") || !event.Required {
		t.Errorf("event is %+v", event.Shape)
	}
	fields := make(map[string]Field)
	for _, f := range data.Fields {
		fields[f.Name] = f
	}
	if f := fields["assignee"]; f.Def != "person" || !f.Takes("object") || !f.Takes("null") || f.Takes("string") || f.Required {
		t.Errorf("assignee is %+v", f)
	}
	if f := fields["changes"]; f.Items == nil || len(f.Items.Fields) != 3 || !f.Items.Fields[0].Required || !f.Items.Fields[1].Takes("number") {
		t.Errorf("changes are %+v", f.Items)
	}
	if f := fields["title"]; !f.Required || f.Takes("integer") {
		t.Errorf("title is %+v", f)
	}
	if number := (&Shape{Types: []string{"number"}}); !number.Takes("integer") || number.Takes("string") {
		t.Error("an integer is no number")
	}
	if integer := (&Shape{Types: []string{"integer"}}); integer.Takes("number") {
		t.Error("any number is an integer")
	}
}

func TestParseShapeRefuses(t *testing.T) {
	for schema, want := range map[string]string{
		`{"properties":{"a":{"$ref":"#/$defs/b"}}}`:                  "a: #/$defs/b refers to nothing",
		`{"$ref":"https://elsewhere"}`:                               "refers to nothing",
		`{"items":{"anyOf":[{"type":"string"},{"type":"number"}]}}`:  "something or null",
		`{"items":{"anyOf":[{"$ref":"#/$defs/b"},{"type":"null"}]}}`: "refers to nothing",
		`{"properties":{"a":{"properties":{"b":{"type":7}}}}}`:       "b: ",
		`{"properties":[]}`: "",
		`{"properties":{"a":{"items":{"properties":{"b":{"$ref":"x"}}}}}}`: "a: items: b: ",
	} {
		if shape, err := parseShape([]byte(schema)); err == nil && want != "" || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", schema, shape, err)
		}
	}
}

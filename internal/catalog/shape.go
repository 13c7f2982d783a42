package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Shape is what a schema says of a value: its JSON types and what is in it. It leaves out
// what a value may be beyond its type, such as a pattern or a least number.
type Shape struct {
	Def         string   // its name where several fields have it, such as "person"; else ""
	Description string   // for people; may be empty
	Types       []string // of JSON Schema, such as "string" or "null"; empty where any will do
	Const       string   // the only string that it may be; "" where others may be
	Fields      []Field  // of an object, in the schema's order; others may be there too
	Items       *Shape   // of an array's elements; nil where any will do
}

// Field is a named part of an object.
type Field struct {
	Name     string
	Required bool // whether it is always there, if perhaps null
	*Shape
}

// Takes reports whether a value of that JSON type fits. An integer fits a number too.
func (s *Shape) Takes(jsonType string) bool {
	return len(s.Types) == 0 || slices.Contains(s.Types, jsonType) ||
		jsonType == "integer" && slices.Contains(s.Types, "number")
}

// Shape returns the shape of this type's whole body. It is read once, and must not be
// changed.
func (t Type) Shape() *Shape {
	at := slices.IndexFunc(types, func(other Type) bool { return other.Name == t.Name })
	return shapes()[at]
}

// shapes reads the schemas of all types when the first one is asked for: most commands ask
// for none.
var shapes = sync.OnceValue(func() []*Shape {
	all := make([]*Shape, len(types))
	for i, t := range types {
		shape, err := parseShape(t.Schema())
		if err != nil {
			panic("catalog: the schema of " + t.Name + ": " + err.Error()) // a test holds that all can be read
		}
		all[i] = shape
	}
	return all
})

// schemaNode is the part of JSON Schema that the catalogue's schemas use for shapes.
type schemaNode struct {
	Description string
	Type        oneOrMore
	Const       string
	Properties  orderedNodes
	Required    []string
	Items       *schemaNode
	AnyOf       []schemaNode
	Ref         string                `json:"$ref"`
	Defs        map[string]schemaNode `json:"$defs"`
}

func parseShape(schema []byte) (*Shape, error) {
	var root schemaNode
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, err
	}
	return root.shape(root.Defs)
}

func (n schemaNode) shape(defs map[string]schemaNode) (*Shape, error) {
	switch {
	case n.Ref != "":
		return n.referred(defs)
	case len(n.AnyOf) > 0:
		return n.any(defs)
	}
	s := &Shape{Description: n.Description, Types: n.Type, Const: n.Const}
	if n.Const != "" {
		s.Types = []string{"string"}
	}
	for _, p := range n.Properties {
		field, err := p.node.shape(defs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		s.Fields = append(s.Fields, Field{p.name, slices.Contains(n.Required, p.name), field})
	}
	if n.Items != nil {
		items, err := n.Items.shape(defs)
		if err != nil {
			return nil, fmt.Errorf("items: %w", err)
		}
		s.Items = items
	}
	return s, nil
}

// referred returns the shape that stands under "$defs".
func (n schemaNode) referred(defs map[string]schemaNode) (*Shape, error) {
	name, ok := strings.CutPrefix(n.Ref, "#/$defs/")
	node, known := defs[name]
	if !ok || !known {
		return nil, fmt.Errorf("%s refers to nothing in $defs", n.Ref)
	}
	s, err := node.shape(defs)
	if err == nil {
		s.Def = name
	}
	return s, err
}

// any returns the shape of something or null, which is all that "anyOf" is used for.
func (n schemaNode) any(defs map[string]schemaNode) (*Shape, error) {
	if len(n.AnyOf) != 2 || !slices.Equal(n.AnyOf[1].Type, oneOrMore{"null"}) {
		return nil, fmt.Errorf("anyOf is understood only as something or null")
	}
	s, err := n.AnyOf[0].shape(defs)
	if err != nil {
		return nil, err
	}
	s.Types = append(slices.Clone(s.Types), "null")
	s.Description = n.Description
	return s, nil
}

// oneOrMore is a string or a list of them.
type oneOrMore []string

// UnmarshalJSON reads either.
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		*o = make(oneOrMore, 1)
		return json.Unmarshal(data, &(*o)[0])
	}
	return json.Unmarshal(data, (*[]string)(o))
}

type namedNode struct {
	name string
	node schemaNode
}

// orderedNodes are an object's members in the order in which they are written.
type orderedNodes []namedNode

// UnmarshalJSON reads an object.
func (o *orderedNodes) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		n := namedNode{name: fmt.Sprint(name)}
		if err := dec.Decode(&n.node); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
		*o = append(*o, n)
	}
	return nil
}

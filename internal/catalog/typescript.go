package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// typeScriptIntro opens what TypeScript returns.
const typeScriptIntro = `// The webhook events of Solatis, as types for a handler.
// Made by: solatis types --lang typescript
//
// They say what a verified body holds; they verify nothing. Two payloads are shown in the
// provider's guide, the others are inferred from it: see the comment of each. New fields
// and new types of event may come at any time, so let the default case of a switch over
// event.event answer 200 too.
//
//     const event = JSON.parse(body) as SolatisEvent;
//     switch (event.event) {
//       case "document.analyzed":
//         console.log(event.data.summary);
//     }
`

// TypeScript returns declarations for handlers, made from the schemas of all types: an
// interface for each, and SolatisEvent, which is any of them and is told apart by its
// "event".
func TypeScript() []byte {
	ts := typeScript{defs: make(map[string]bool)}
	var union, body strings.Builder
	for _, t := range types {
		shape := t.Shape()
		name := pascal(t.Name)
		fmt.Fprintf(&union, "\n  | %sEvent", name)
		fmt.Fprintf(&body, "\n/** %s */\nexport interface %sEvent {\n", comment(shape.Description), name)
		for _, f := range shape.Fields {
			if f.Name == "data" && len(f.Fields) > 0 {
				fmt.Fprintf(&body, "  data: %sData;\n", name)
				continue
			}
			body.WriteString(ts.field(f, "  "))
		}
		body.WriteString("}\n")
		for _, f := range shape.Fields {
			if f.Name == "data" {
				fmt.Fprintf(&body, "\nexport interface %sData %s\n", name, ts.object(f.Shape, ""))
			}
		}
	}
	return []byte(typeScriptIntro +
		"\nexport type SolatisEvent =" + union.String() + ";\n" +
		"\n/** The type of an event, such as \"document.analyzed\". */\nexport type SolatisEventType = SolatisEvent[\"event\"];\n" +
		ts.shared.String() + body.String())
}

// typeScript collects the interfaces that several fields share.
type typeScript struct {
	shared strings.Builder
	defs   map[string]bool // that are in shared
}

func (ts *typeScript) field(f Field, indent string) string {
	var b strings.Builder
	if f.Description != "" {
		fmt.Fprintf(&b, "%s/** %s */\n", indent, comment(f.Description))
	}
	optional := "?"
	if f.Required {
		optional = ""
	}
	fmt.Fprintf(&b, "%s%s%s: %s;\n", indent, f.Name, optional, ts.expression(f.Shape, indent))
	return b.String()
}

// object returns the members of an object in braces.
func (ts *typeScript) object(s *Shape, indent string) string {
	var b strings.Builder
	b.WriteString("{\n")
	for _, f := range s.Fields {
		b.WriteString(ts.field(f, indent+"  "))
	}
	b.WriteString(indent + "}")
	return b.String()
}

// expression returns the type of a value.
func (ts *typeScript) expression(s *Shape, indent string) string {
	if s.Const != "" {
		return fmt.Sprintf("%q", s.Const)
	}
	if len(s.Types) == 0 && len(s.Fields) > 0 {
		return ts.reference(s, indent) // any value, which is hardly anything else
	}
	if len(s.Types) == 0 {
		return "unknown"
	}
	var options []string
	for _, jsonType := range s.Types {
		option := jsonType
		switch jsonType {
		case "integer":
			option = "number"
		case "array":
			option = ts.array(s.Items, indent)
		case "object":
			option = ts.reference(s, indent)
		}
		if !slices.Contains(options, option) {
			options = append(options, option)
		}
	}
	return strings.Join(options, " | ")
}

func (ts *typeScript) array(items *Shape, indent string) string {
	if items == nil {
		return "unknown[]"
	}
	element := ts.expression(items, indent)
	if strings.Contains(element, " | ") {
		return "Array<" + element + ">"
	}
	return element + "[]"
}

// reference returns the name of a shared object, which it declares when it is first used, or
// the object itself.
func (ts *typeScript) reference(s *Shape, indent string) string {
	switch {
	case len(s.Fields) == 0:
		return "Record<string, unknown>"
	case s.Def == "":
		return ts.object(s, indent)
	}
	name := pascal(s.Def)
	if !ts.defs[s.Def] {
		ts.defs[s.Def] = true
		fmt.Fprintf(&ts.shared, "\nexport interface %s %s\n", name, ts.object(s, ""))
	}
	return name
}

// pascal returns "ActionItemsExtracted" for "action_items.extracted".
func pascal(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// comment returns a description that can't end the comment it stands in.
func comment(text string) string { return strings.ReplaceAll(text, "*/", "* /") }

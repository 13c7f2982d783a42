package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// AppendJSON appends u as one JSON object without a line break: its "type" first, then
// its fields.
func AppendJSON(dst []byte, u Update) ([]byte, error) {
	fields, err := json.Marshal(u)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"type":"`...)
	dst = append(dst, u.Type()...)
	dst = append(dst, '"')
	if !bytes.Equal(fields, []byte("{}")) {
		dst = append(dst, ',')
	}
	return append(dst, fields[1:]...), nil
}

// ParseJSON reads what AppendJSON wrote. A type that this version doesn't know is an
// error that says so.
func ParseJSON(line []byte) (Update, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, fmt.Errorf("activity: %w", err)
	}
	parse, ok := parsers[head.Type]
	if !ok {
		return nil, fmt.Errorf("activity: unknown type %q", head.Type)
	}
	return parse(line)
}

var parsers = map[string]func([]byte) (Update, error){
	Ready{}.Type():        parse[Ready],
	Connecting{}.Type():   parse[Connecting],
	Connected{}.Type():    parse[Connected],
	Disconnected{}.Type(): parse[Disconnected],
	Gap{}.Type():          parse[Gap],
	Resumed{}.Type():      parse[Resumed],
	Received{}.Type():     parse[Received],
	Attempted{}.Type():    parse[Attempted],
	TargetDown{}.Type():   parse[TargetDown],
	TargetUp{}.Type():     parse[TargetUp],
	Held{}.Type():         parse[Held],
	Disabled{}.Type():     parse[Disabled],
	Enabled{}.Type():      parse[Enabled],
	Forwarding{}.Type():   parse[Forwarding],
	Warning{}.Type():      parse[Warning],
	Missed{}.Type():       parse[Missed],
}

func parse[U Update](line []byte) (Update, error) {
	var u U
	if err := json.Unmarshal(line, &u); err != nil {
		return nil, fmt.Errorf("activity: %s: %w", u.Type(), err)
	}
	return u, nil
}

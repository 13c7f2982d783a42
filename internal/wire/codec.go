package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Frame is one of the frame types of this package.
type Frame interface{ frameType() uint64 }

// The numbers of the frame types, the first item of each frame. They are never used
// again for another type.
const (
	typeHello        = 1
	typeWelcome      = 2
	typeRequest      = 3
	typeBody         = 4
	typeGap          = 5
	typeGoodbye      = 6
	typeAck          = 7
	typeResponse     = 8
	typeResponseBody = 9
)

func (*Hello) frameType() uint64        { return typeHello }
func (*Welcome) frameType() uint64      { return typeWelcome }
func (*Request) frameType() uint64      { return typeRequest }
func (*Body) frameType() uint64         { return typeBody }
func (*Gap) frameType() uint64          { return typeGap }
func (*Goodbye) frameType() uint64      { return typeGoodbye }
func (*Ack) frameType() uint64          { return typeAck }
func (*Response) frameType() uint64     { return typeResponse }
func (*ResponseBody) frameType() uint64 { return typeResponseBody }

func newFrame(t uint64) Frame {
	switch t {
	case typeHello:
		return new(Hello)
	case typeWelcome:
		return new(Welcome)
	case typeRequest:
		return new(Request)
	case typeBody:
		return new(Body)
	case typeGap:
		return new(Gap)
	case typeGoodbye:
		return new(Goodbye)
	case typeAck:
		return new(Ack)
	case typeResponse:
		return new(Response)
	case typeResponseBody:
		return new(ResponseBody)
	default:
		return nil
	}
}

var (
	encoder = must(cbor.EncOptions{String: cbor.StringToByteString}.UserBufferEncMode())
	decoder = must(cbor.DecOptions{
		ByteStringToString: cbor.ByteStringToStringAllowed,
		DupMapKey:          cbor.DupMapKeyEnforcedAPF,
		IndefLength:        cbor.IndefLengthForbidden,
		TagsMd:             cbor.TagsForbidden,
		MaxNestedLevels:    maxDepth,
		MaxArrayElements:   maxItems,
		MaxMapPairs:        maxPairs,
	}.DecMode())
)

func must[M any](mode M, err error) M {
	if err != nil {
		panic(err) // the options above are constants
	}
	return mode
}

// Encode appends the frames to buf as one sequence.
func Encode(buf *bytes.Buffer, frames ...Frame) error {
	for _, f := range frames {
		if err := encoder.MarshalToBuffer(f.frameType(), buf); err != nil {
			return fmt.Errorf("wire: frame type %d: %w", f.frameType(), err)
		}
		if err := encoder.MarshalToBuffer(f, buf); err != nil {
			return fmt.Errorf("wire: %T: %w", f, err)
		}
	}
	return nil
}

// ErrMalformed is wrapped by every error of Decode.
var ErrMalformed = errors.New("malformed frame")

// Decode calls handle for each frame of a message, in order, and stops at the first
// error. Frames of an unknown type are skipped. What handle gets shares no memory
// with message.
func Decode(message []byte, handle func(Frame) error) error {
	for len(message) > 0 {
		var t uint64
		rest, err := decoder.UnmarshalFirst(message, &t)
		if err != nil {
			return fmt.Errorf("wire: %w: its type: %v", ErrMalformed, err)
		}
		f := newFrame(t)
		if f == nil {
			var unknown cbor.RawMessage
			if message, err = decoder.UnmarshalFirst(rest, &unknown); err != nil {
				return fmt.Errorf("wire: %w of unknown type %d: %v", ErrMalformed, t, err)
			}
			continue
		}
		if message, err = decoder.UnmarshalFirst(rest, f); err != nil {
			return fmt.Errorf("wire: %w: %T: %v", ErrMalformed, f, err)
		}
		if err := check(f); err != nil {
			return fmt.Errorf("wire: %w: %T: %v", ErrMalformed, f, err)
		}
		if err := handle(f); err != nil {
			return err
		}
	}
	return nil
}

// check holds a frame against the rules that its CBOR can't express.
func check(f Frame) error {
	switch f := f.(type) {
	case *Hello:
		if f.Mode != ModeApp && f.Mode != ModeRelay {
			return fmt.Errorf("response mode %q", f.Mode)
		}
		return checkSeq(f.Seq)
	case *Welcome:
		return errors.Join(checkSeq(f.Seq), checkSeq(f.Backlog))
	case *Request:
		if f.Seq == 0 || f.ID == "" {
			return errors.New("seq or id is missing")
		}
		return errors.Join(checkSeq(f.Seq), checkPart(f.Part, f.Length))
	case *Body:
		return checkPart(f.Part, MaxPart)
	case *Gap:
		if f.From == 0 || f.To < f.From {
			return fmt.Errorf("range %d-%d", f.From, f.To)
		}
		return checkSeq(f.To)
	case *Response:
		if f.Status < 100 || f.Status > 999 {
			return fmt.Errorf("status %d", f.Status)
		}
		return checkPart(f.Part, f.Length)
	case *ResponseBody:
		return checkPart(f.Part, MaxPart)
	}
	return nil
}

func checkSeq(seq uint64) error {
	if seq > MaxSeq {
		return fmt.Errorf("sequence number %d, where %d is the highest", seq, uint64(MaxSeq))
	}
	return nil
}

func checkPart(part []byte, length uint64) error {
	if len(part) > MaxPart || uint64(len(part)) > length {
		return fmt.Errorf("part of %d bytes, where %d are announced and %d allowed", len(part), length, MaxPart)
	}
	return nil
}

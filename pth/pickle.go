package pth

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// maxPickle is the longest pickle that is read, in bytes. Those of networks with thousands of tensors have less than one million.
const maxPickle = 4 << 20

// machine runs a pickle: instructions that push values on a stack and put them together. Values are nil, bool, int64,
// float64, string, tuple, *list, *dict, and those of PyTorch: big, global, storage, tensor.
type machine struct {
	source io.ByteReader
	rest   int64 // bytes that may still be read
	stack  []any
	marks  []int // places in the stack
	memo   map[uint32]any
	// entries are those that dictionaries were given. A list of pairs, which is written once, can become many dictionaries.
	entries int
	// persistent makes what a persistent identifier stands for.
	persistent func(id any) (any, error)
}

type (
	tuple []any
	list  struct{ items []any }
	// dict keeps its order. Keys are strings or integers.
	dict struct {
		keys   []any
		values map[any]any
	}
	// big is an integer of more than 64 bits, in hexadecimal.
	big string
)

// The instructions (Python's pickletools), of protocols 2 to 4.
const (
	opMark            = '('
	opStop            = '.'
	opBinFloat        = 'G'
	opBinInt          = 'J'
	opBinInt1         = 'K'
	opBinInt2         = 'M'
	opNone            = 'N'
	opBinPersID       = 'Q'
	opReduce          = 'R'
	opBinString       = 'T'
	opShortBinString  = 'U'
	opBinUnicode      = 'X'
	opEmptyList       = ']'
	opAppend          = 'a'
	opBuild           = 'b'
	opGlobal          = 'c'
	opAppends         = 'e'
	opBinGet          = 'h'
	opLongBinGet      = 'j'
	opBinPut          = 'q'
	opLongBinPut      = 'r'
	opSetItem         = 's'
	opTuple           = 't'
	opEmptyTuple      = ')'
	opSetItems        = 'u'
	opEmptyDict       = '}'
	opProto           = 0x80
	opTuple1          = 0x85
	opTuple2          = 0x86
	opTuple3          = 0x87
	opNewTrue         = 0x88
	opNewFalse        = 0x89
	opLong1           = 0x8a
	opShortBinUnicode = 0x8c
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95
)

// unpickle runs one pickle and returns its value.
func unpickle(source io.ByteReader, persistent func(id any) (any, error)) (any, error) {
	m := machine{source: source, rest: maxPickle, memo: map[uint32]any{}, persistent: persistent}
	for {
		op, err := m.byte()
		if err != nil {
			return nil, err
		}
		if op == opStop {
			return m.pop()
		}
		if err := m.step(op); err != nil {
			return nil, err
		}
	}
}

// step runs an instruction.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		v, err := m.byte()
		if err == nil && (v < 2 || v > 5) {
			err = fmt.Errorf("a pickle of protocol %d: want 2 to 5", v)
		}
		return err
	case opFrame: // a hint how much to read at once
		_, err := m.bytes(8)
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opNone:
		return m.push(nil)
	case opNewTrue, opNewFalse:
		return m.push(op == opNewTrue)
	case opBinInt, opBinInt1, opBinInt2, opLong1, opBinFloat:
		return m.number(op)
	case opBinString, opShortBinString, opBinUnicode, opShortBinUnicode:
		return m.text(op)
	case opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(op)
	case opEmptyList:
		return m.push(&list{})
	case opEmptyDict:
		return m.push(&dict{})
	case opAppend, opAppends, opSetItem, opSetItems:
		return m.fill(op)
	case opBinPut, opLongBinPut, opMemoize, opBinGet, opLongBinGet:
		return m.remember(op)
	case opGlobal, opStackGlobal:
		return m.global(op)
	case opReduce, opBuild, opBinPersID:
		return m.call(op)
	default:
		return fmt.Errorf("a pickle with the instruction %#02x, which no file of tensors has", op)
	}
}

// call runs the instructions with which PyTorch describes its own values.
func (m *machine) call(op byte) error {
	argument, err := m.pop()
	if err != nil {
		return err
	}
	if op == opBinPersID {
		v, err := m.persistent(argument)
		if err != nil {
			return err
		}
		return m.push(v)
	}
	target, err := m.pop()
	if err != nil {
		return err
	}
	if op == opBuild { // the attributes of a dictionary, such as the versions of a network's layers
		if _, ok := target.(*dict); !ok {
			return fmt.Errorf("a pickle that sets attributes of %s", kindOf(target))
		}
		return m.push(target)
	}
	function, ok := target.(global)
	args, ok2 := argument.(tuple)
	if !ok || !ok2 {
		return fmt.Errorf("a pickle that calls %s with %s", kindOf(target), kindOf(argument))
	}
	v, err := function.call(m, args)
	if err != nil {
		return err
	}
	return m.push(v)
}

func (m *machine) number(op byte) error {
	size := map[byte]int{opBinInt: 4, opBinInt1: 1, opBinInt2: 2, opBinFloat: 8}[op]
	if op == opLong1 {
		n, err := m.byte()
		if err != nil {
			return err
		}
		size = int(n)
	}
	b, err := m.bytes(size)
	if err != nil {
		return err
	}
	switch op {
	case opBinInt:
		return m.push(int64(int32(binary.LittleEndian.Uint32(b))))
	case opBinInt1:
		return m.push(int64(b[0]))
	case opBinInt2:
		return m.push(int64(binary.LittleEndian.Uint16(b)))
	case opBinFloat:
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	default:
		return m.push(long(b))
	}
}

// long is an integer in two's complement, the lowest byte first.
func long(b []byte) any {
	if len(b) > 8 {
		var s strings.Builder
		for i := len(b) - 1; i >= 0; i-- {
			fmt.Fprintf(&s, "%02x", b[i])
		}
		return big(strings.TrimLeft(s.String(), "0"))
	}
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	if n := len(b); n > 0 && n < 8 && b[n-1] >= 0x80 {
		v |= math.MaxUint64 << (8 * n)
	}
	return int64(v)
}

func (m *machine) text(op byte) error {
	width := 4
	if op == opShortBinString || op == opShortBinUnicode {
		width = 1
	}
	n, err := m.unsigned(width)
	if err != nil {
		return err
	}
	b, err := m.bytes(int(n))
	if err != nil {
		return err
	}
	return m.push(string(b))
}

// tuple makes a tuple of the topmost values.
func (m *machine) tuple(op byte) error {
	n := map[byte]int{opTuple1: 1, opTuple2: 2, opTuple3: 3}[op]
	from := len(m.stack) - n
	if op == opTuple {
		var err error
		if from, err = m.popMark(); err != nil {
			return err
		}
	}
	items, err := m.popFrom(from)
	if err != nil {
		return err
	}
	return m.push(tuple(items))
}

// fill puts the topmost values into the list or dictionary below them.
func (m *machine) fill(op byte) error {
	from := len(m.stack) - 1
	switch op {
	case opSetItem:
		from--
	case opAppends, opSetItems:
		var err error
		if from, err = m.popMark(); err != nil {
			return err
		}
	}
	items, err := m.popFrom(from)
	if err != nil {
		return err
	}
	if len(m.stack) == 0 {
		return errEmptyStack
	}
	switch target := m.stack[len(m.stack)-1].(type) {
	case *list:
		if op == opAppend || op == opAppends {
			target.items = append(target.items, items...)
			return nil
		}
	case *dict:
		if (op == opSetItem || op == opSetItems) && len(items)%2 == 0 {
			return m.set(target, items)
		}
	}
	return fmt.Errorf("a pickle that puts %d values into %s", len(items), kindOf(m.stack[len(m.stack)-1]))
}

// remember keeps the topmost value under a number, or pushes one that was kept.
func (m *machine) remember(op byte) error {
	key := uint32(len(m.memo))
	if op != opMemoize {
		width := 1
		if op == opLongBinPut || op == opLongBinGet {
			width = 4
		}
		var err error
		if key, err = m.unsigned(width); err != nil {
			return err
		}
	}
	if op == opBinGet || op == opLongBinGet {
		v, ok := m.memo[key]
		if !ok {
			return fmt.Errorf("a pickle that wants back the value %d, which it did not keep", key)
		}
		return m.push(v)
	}
	if len(m.stack) == 0 {
		return errEmptyStack
	}
	m.memo[key] = m.stack[len(m.stack)-1]
	return nil
}

// global pushes what a name of Python stands for.
func (m *machine) global(op byte) error {
	var parts [2]string
	if op == opGlobal {
		for i := range parts {
			line, err := m.line()
			if err != nil {
				return err
			}
			parts[i] = line
		}
	} else {
		for i := range parts {
			v, err := m.pop()
			s, ok := v.(string)
			if err != nil || !ok {
				return fmt.Errorf("a pickle with a name that is %s", kindOf(v))
			}
			parts[1-i] = s
		}
	}
	g, err := globalNamed(parts[0], parts[1])
	if err != nil {
		return err
	}
	return m.push(g)
}

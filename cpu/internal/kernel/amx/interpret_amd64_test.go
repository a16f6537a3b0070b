//go:build !noasm

package amx

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// machine executes the few instructions that the kernels consist of, from their bytes. It knows the encodings from
// Intel's manual and nothing of how they were generated; what it does not know, and an access outside of the memory
// that it was given, ends the program with an error.
type machine struct {
	code   []byte
	pc     int
	r      [16]uint64
	zero   bool // the flag
	memory []region

	configured bool
	config     config
	tiles      [8][16][64]byte
	products   int // of tiles, so far
	prefetched []uint64
	err        error
}

// region is memory that the program may use.
type region struct {
	address uint64
	bytes   []byte
}

// regionOf is the memory of a slice.
func regionOf[T any](s []T) region {
	p := unsafe.SliceData(s)
	return region{uint64(uintptr(unsafe.Pointer(p))), unsafe.Slice((*byte)(unsafe.Pointer(p)), len(s)*int(unsafe.Sizeof(*p)))}
}

// at is n bytes of memory.
func (m *machine) at(address uint64, n int) []byte {
	for _, r := range m.memory {
		if address >= r.address && address+uint64(n) <= r.address+uint64(len(r.bytes)) {
			return r.bytes[address-r.address:][:n]
		}
	}
	m.fail("%d bytes at %#x are not the program's", n, address)
	return make([]byte, n)
}

func (m *machine) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf("at %#x: "+format, append([]any{m.pc}, args...)...)
	}
}

func (m *machine) next() byte {
	if m.pc >= len(m.code) {
		m.fail("the code ends")
		return 0xc3
	}
	m.pc++
	return m.code[m.pc-1]
}

func (m *machine) signed32() int {
	var b [4]byte
	for i := range b {
		b[i] = m.next()
	}
	return int(int32(binary.LittleEndian.Uint32(b[:])))
}

// run executes until the return.
func (m *machine) run() error {
	for steps := 0; m.err == nil; steps++ {
		if steps > 1e7 {
			m.fail("does not end")
		}
		if m.step() {
			break
		}
	}
	return m.err
}

// step executes one instruction and reports whether it was the return.
func (m *machine) step() bool {
	op := m.next()
	if op == 0xc4 {
		m.vex()
		return false
	}
	rex := byte(0)
	if op&0xf0 == 0x40 {
		rex, op = op, m.next()
	}
	wide := rex&8 != 0
	switch {
	case op == 0xc3:
		return true
	case op == 0x74, op == 0x75:
		m.jump(int(int8(m.next())), m.zero == (op == 0x74))
	case op == 0xeb:
		m.jump(int(int8(m.next())), true)
	case op == 0xe9:
		m.jump(m.signed32(), true)
	case op == 0x0f:
		m.twoBytes(m.next(), rex)
	case op == 0x05 && wide:
		m.set(0, m.r[0]+uint64(m.signed32()))
	case op == 0x8a, op == 0x84:
		m.bytes(op, rex)
	case wide:
		m.words(op, rex)
	default:
		m.fail("unknown opcode %#x", op)
	}
	return false
}

// twoBytes executes an instruction whose opcode has two bytes: a jump, or a prefetch, which may be of any address.
func (m *machine) twoBytes(op, rex byte) {
	switch op {
	case 0x84, 0x85:
		m.jump(m.signed32(), m.zero == (op == 0x84))
	case 0x18:
		o := m.modRM(rexBits(rex))
		if !o.memory || o.reg < 1 || o.reg > 3 {
			m.fail("unknown operand of 0f 0x18 /%d", o.reg)
		}
		m.prefetched = append(m.prefetched, o.address)
	default:
		m.fail("unknown opcode 0f %#x", op)
	}
}

func (m *machine) jump(by int, taken bool) {
	if taken {
		m.pc += by
	}
}

// set is the result of arithmetic.
func (m *machine) set(register int, value uint64) {
	m.r[register], m.zero = value, value == 0
}

// operand is what ModRM, and SIB where there is one, name.
type operand struct {
	reg     int // ModRM.reg
	memory  bool
	address uint64 // of memory, or without it the number of a register
	base    uint64 // address without the index
	index   uint64 // scaled
}

// modRM reads an operand; r, x and b are the bits that extend the numbers of its registers.
func (m *machine) modRM(r, x, b int) operand {
	modrm := m.next()
	mod, rm := modrm>>6, int(modrm&7)
	o := operand{reg: int(modrm>>3&7) | r<<3, memory: mod != 3}
	if !o.memory {
		o.address = uint64(rm | b<<3)
		return o
	}
	if rm == 4 {
		sib := m.next()
		if index := int(sib>>3&7) | x<<3; index != 4 {
			o.index = m.r[index] << (sib >> 6)
		}
		rm = int(sib & 7)
	}
	if mod == 0 && rm == 5 {
		m.fail("address without base")
	}
	o.base = m.r[rm|b<<3]
	switch mod {
	case 1:
		o.base += uint64(int8(m.next()))
	case 2:
		o.base += uint64(m.signed32())
	}
	o.address = o.base + o.index
	return o
}

func rexBits(rex byte) (r, x, b int) { return int(rex >> 2 & 1), int(rex >> 1 & 1), int(rex & 1) }

// bytes executes MOVB from memory and TESTB of a register with itself.
func (m *machine) bytes(op, rex byte) {
	o := m.modRM(rexBits(rex))
	switch {
	case op == 0x8a && o.memory:
		m.r[o.reg] = m.r[o.reg]&^0xff | uint64(m.at(o.address, 1)[0])
	case op == 0x84 && !o.memory:
		m.zero = byte(m.r[o.reg])&byte(m.r[o.address]) == 0
	default:
		m.fail("unknown operand of %#x", op)
	}
}

// words executes instructions on 64 bits.
func (m *machine) words(op, rex byte) {
	o := m.modRM(rexBits(rex))
	to := int(o.address & 15)
	switch {
	case op == 0x8b && o.memory:
		m.r[o.reg] = binary.LittleEndian.Uint64(m.at(o.address, 8))
	case op == 0x03 && o.memory:
		m.set(o.reg, m.r[o.reg]+binary.LittleEndian.Uint64(m.at(o.address, 8)))
	case op == 0x8d && o.memory:
		m.r[o.reg] = o.address
	case op == 0x89 && o.memory:
		binary.LittleEndian.PutUint64(m.at(o.address, 8), m.r[o.reg])
	case o.memory:
		m.fail("opcode %#x with memory", op)
	case op == 0x89:
		m.r[to] = m.r[o.reg]
	case op == 0x01:
		m.set(to, m.r[to]+m.r[o.reg])
	case op == 0x81 && o.reg&7 == 0:
		m.set(to, m.r[to]+uint64(m.signed32()))
	case op == 0xc7 && o.reg&7 == 0:
		m.r[to] = uint64(m.signed32())
	case op == 0xd1 && o.reg&7 == 4:
		m.set(to, m.r[to]<<1)
	case op == 0xc1 && o.reg&7 == 4:
		m.set(to, m.r[to]<<m.next())
	case op == 0xff && o.reg&7 == 1:
		m.set(to, m.r[to]-1)
	default:
		m.fail("unknown opcode %#x /%d", op, o.reg&7)
	}
}

// vex executes an instruction on tiles.
func (m *machine) vex() {
	second, third, op := m.next(), m.next(), m.next()
	if second&0x1f != 2 || third&0x84 != 0 {
		m.fail("not VEX.128.0F38.W0")
		return
	}
	extend := ^second
	o := m.modRM(int(extend>>7&1), int(extend>>6&1), int(extend>>5&1))
	prefix, vvvv := third&3, int(^third>>3&15)
	if op != 0x5c && vvvv != 0 || o.reg > 7 {
		m.fail("reserved operand")
		return
	}
	switch [2]byte{prefix, op} {
	case [2]byte{0, 0x49}:
		m.configure(o)
	case [2]byte{3, 0x49}:
		if o.memory || o.address != 0 {
			m.fail("TILEZERO with an operand")
		}
		m.shape(o.reg)
		m.tiles[o.reg] = [16][64]byte{}
	case [2]byte{3, 0x4b}:
		m.load(o)
	case [2]byte{2, 0x4b}:
		m.store(o)
	case [2]byte{2, 0x5c}:
		m.multiply(o.reg, int(o.address), vvvv)
	default:
		m.fail("unknown instruction: prefix %d, opcode %#x", prefix, op)
	}
}

// configure is LDTILECFG, and TILERELEASE without memory.
func (m *machine) configure(o operand) {
	m.tiles, m.configured, m.config = [8][16][64]byte{}, o.memory, config{}
	if !o.memory {
		return
	}
	raw := m.at(o.address, 64)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&m.config)), 64), raw)
	for i, b := range raw {
		reserved := i > 0 && i < 16 || i >= 32 && i < 48 || i >= 56
		if reserved && b != 0 {
			m.fail("configuration: byte %d is %d", i, b)
		}
	}
	for t := range 8 {
		rows, bytes := m.config.rows[t], m.config.bytes[t]
		if rows > 16 || bytes > 64 || (rows == 0) != (bytes == 0) {
			m.fail("configuration: tile %d has %d rows of %d bytes", t, rows, bytes)
		}
	}
	if m.config.palette != 1 {
		m.fail("configuration: palette %d", m.config.palette)
	}
}

// shape is the rows of a tile and their bytes; a tile must have some.
func (m *machine) shape(t int) (rows, bytes int) {
	if !m.configured || t > 7 || m.config.rows[t] == 0 || m.config.bytes[t]%4 != 0 {
		m.fail("tile %d has no shape", t)
		return 0, 0
	}
	return int(m.config.rows[t]), int(m.config.bytes[t])
}

func (m *machine) load(o operand) {
	rows, bytes := m.shape(o.reg)
	m.tiles[o.reg] = [16][64]byte{}
	for i := range rows {
		copy(m.tiles[o.reg][i][:], m.at(o.base+uint64(i)*o.index, bytes))
	}
}

func (m *machine) store(o operand) {
	rows, bytes := m.shape(o.reg)
	for i := range rows {
		copy(m.at(o.base+uint64(i)*o.index, bytes), m.tiles[o.reg][i][:bytes])
	}
}

// multiply is TDPBF16PS as the manual has it: c += a·b.
func (m *machine) multiply(c, a, b int) {
	rows, bytes := m.shape(c)
	rowsA, bytesA := m.shape(a)
	rowsB, bytesB := m.shape(b)
	if rows != rowsA || bytes != bytesB || bytesA/4 != rowsB || c == a || a == b || b == c {
		m.fail("tiles %d, %d and %d do not fit each other", c, a, b)
		return
	}
	m.products++
	half := func(t, i, j int) uint16 { return binary.LittleEndian.Uint16(m.tiles[t][i][2*j:]) }
	for i := range rows {
		for j := range bytes / 4 {
			var even, odd float32
			for p := range rowsB {
				even = multiplyAdd(half(a, i, 2*p), half(b, p, 2*j), even)
				odd = multiplyAdd(half(a, i, 2*p+1), half(b, p, 2*j+1), odd)
			}
			sum := m.tiles[c][i][4*j:]
			old := flush(math.Float32frombits(binary.LittleEndian.Uint32(sum)))
			binary.LittleEndian.PutUint32(sum, math.Float32bits(flush(old+flush(even+odd))))
		}
	}
}

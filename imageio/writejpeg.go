package imageio

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The example tables of ITU-T T.81, annex K, by rows: quality 50 on libjpeg's scale.
var quantization = [2][64]int{
	{
		16, 11, 10, 16, 24, 40, 51, 61,
		12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56,
		14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77,
		24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101,
		72, 92, 95, 98, 112, 100, 103, 99,
	},
	{
		17, 18, 24, 47, 99, 99, 99, 99,
		18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99,
		47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// zigzag is where the coefficients of a block are written: place i has coefficient zigzag[i], by rows.
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// encodeJPEG writes a baseline JPEG whose chroma has every pixel (4:4:4), which the standard library's encoder cannot:
// it halves chroma in both directions, and strokes of saturated colour bleed. Coefficients are of the picture itself, not
// of one rounded to 8 bits, and the Huffman codes are the best for it, which takes a pass over the picture of its own.
func encodeJPEG(w io.Writer, p Float, o WriteOptions) error {
	if p.H > math.MaxUint16 || p.W > math.MaxUint16 {
		return fmt.Errorf("picture is %s, and a JPEG has at most %d rows and columns", p.Size(), math.MaxUint16)
	}
	e := &jpegEncoder{w: bufio.NewWriter(w), picture: p.OnWhite(), tables: quantizationOf(o.Quality)}
	e.frequency = &[4][256]int{}
	e.scan()
	for i := range e.codes {
		e.codes[i] = newHuffman(&e.frequency[i])
	}
	e.frequency = nil
	e.header(o.Metadata)
	e.scan()
	e.flush()
	e.w.WriteString("\xff\xd9")
	return e.w.Flush()
}

// quantizationOf scales the tables as libjpeg does.
func quantizationOf(quality int) (tables [2][64]int) {
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for i := range tables {
		for k, v := range quantization[i] {
			tables[i][k] = min(max((v*percent+50)/100, 1), 255)
		}
	}
	return tables
}

// jpegEncoder is one picture being written. bufio.Writer keeps the first error, which its Flush returns.
type jpegEncoder struct {
	w         *bufio.Writer
	picture   Float // opaque
	tables    [2][64]int
	codes     [4]*huffman    // DC and AC of luma, DC and AC of chroma
	frequency *[4][256]int   // of the symbols: where it is not nil they are counted, not written
	previous  [3]int         // DC coefficient of the last block of each component
	blocks    [3][64]float32 // luma, Cb, Cr
	pending   uint64         // bits not yet written, the last ones lowest
	waiting   uint           // how many
}

func (e *jpegEncoder) segment(marker byte, parts ...[]byte) {
	length := 2
	for _, part := range parts {
		length += len(part)
	}
	e.w.Write([]byte{0xff, marker, byte(length >> 8), byte(length)})
	for _, part := range parts {
		e.w.Write(part)
	}
}

// header writes everything before the coefficients.
func (e *jpegEncoder) header(m Metadata) {
	e.w.WriteString("\xff\xd8")
	e.segment(0xe0, []byte("JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00")) // version 1.1, 72 by 72 pixels an inch
	if packet := m.xmp(); packet != nil {
		e.segment(0xe1, []byte(xmpMarker), packet)
	}
	e.segment(0xe2, []byte(iccMarker+"\x01\x01"), srgbProfile()) // part 1 of 1
	for i, table := range e.tables {
		body := []byte{byte(i)}
		for _, k := range zigzag {
			body = append(body, byte(table[k]))
		}
		e.segment(0xdb, body)
	}
	frame := binary.BigEndian.AppendUint16([]byte{8}, uint16(e.picture.H))
	frame = binary.BigEndian.AppendUint16(frame, uint16(e.picture.W))
	e.segment(0xc0, frame, []byte{3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1}) // number, sampling 1x1, table
	for i, h := range e.codes {
		const ac = 0x10
		e.segment(0xc4, []byte{byte(i%2*ac + i/2)}, h.counts[:], h.values)
	}
	e.segment(0xda, []byte{3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0}) // codes of each component; all coefficients
}

// scan goes through the blocks in the order of the file.
func (e *jpegEncoder) scan() {
	e.previous = [3]int{}
	for y := 0; y < e.picture.H; y += 8 {
		for x := 0; x < e.picture.W; x += 8 {
			e.load(y, x)
			for c := range e.blocks {
				transform(&e.blocks[c])
				e.block(c)
			}
		}
	}
}

// load converts the block at row y and column x as JFIF says, luma 0..255 less 128. Over the border of the picture the
// last pixels repeat.
func (e *jpegEncoder) load(y, x int) {
	p := e.picture
	for i := range 64 {
		at := min(y+i/8, p.H-1)*p.W + min(x+i%8, p.W-1)
		r, g, b := level(p.RGB[3*at]), level(p.RGB[3*at+1]), level(p.RGB[3*at+2])
		e.blocks[0][i] = 0.299*r + 0.587*g + 0.114*b - 128
		e.blocks[1][i] = -0.168735892*r - 0.331264108*g + 0.5*b
		e.blocks[2][i] = 0.5*r - 0.418687589*g - 0.081312411*b
	}
}

func level(v float32) float32 { return 255 * min(max(v, 0), 1) }

// cosines are c(u)/2·cos((2x+1)uπ/16), c(0) = 1/√2, by u and the first half of x; the other half mirrors it.
var cosines = func() (c [8][4]float32) {
	for u := range c {
		scale := 0.5
		if u == 0 {
			scale /= math.Sqrt2
		}
		for x := range c[u] {
			c[u][x] = float32(scale * math.Cos(float64((2*x+1)*u)*math.Pi/16))
		}
	}
	return c
}()

// transform is the discrete cosine transform, along the rows and then along the columns.
func transform(b *[64]float32) {
	for i := 0; i < 64; i += 8 {
		cosine(b, i, 1)
	}
	for i := range 8 {
		cosine(b, i, 8)
	}
}

func cosine(b *[64]float32, start, step int) {
	var sums, differences [4]float32
	for x := range 4 {
		left, right := b[start+x*step], b[start+(7-x)*step]
		sums[x], differences[x] = left+right, left-right
	}
	for u := range 8 {
		v, c := &sums, &cosines[u]
		if u%2 == 1 {
			v = &differences
		}
		b[start+u*step] = v[0]*c[0] + v[1]*c[1] + v[2]*c[2] + v[3]*c[3]
	}
}

// block writes the coefficients of component c.
func (e *jpegEncoder) block(c int) {
	table := min(c, 1)
	dc := e.coefficient(c, 0)
	e.number(2*table, 0, dc-e.previous[c])
	e.previous[c] = dc
	const sixteenZeros, end = 0xf0, 0x00
	zeros := 0
	for i := 1; i < 64; i++ {
		v := e.coefficient(c, zigzag[i])
		if v == 0 {
			zeros++
			continue
		}
		for ; zeros >= 16; zeros -= 16 {
			e.symbol(2*table+1, sixteenZeros)
		}
		e.number(2*table+1, zeros, v)
		zeros = 0
	}
	if zeros > 0 {
		e.symbol(2*table+1, end)
	}
}

// coefficient is one divided by its step and rounded, in the range that baseline files have.
func (e *jpegEncoder) coefficient(c, k int) int {
	v := math.Floor(float64(e.blocks[c][k])/float64(e.tables[min(c, 1)][k]) + 0.5)
	return int(min(max(v, -1023), 1023))
}

// number writes how many zeros come before a value and its size in bits as one symbol, and then the value's bits.
func (e *jpegEncoder) number(code, zeros, v int) {
	magnitude, bits := max(v, -v), v
	if v < 0 {
		bits = v - 1 // the complement
	}
	size := uint(0)
	for ; magnitude > 0; magnitude >>= 1 {
		size++
	}
	e.symbol(code, byte(zeros<<4)|byte(size))
	if e.frequency == nil && size > 0 {
		e.emit(uint64(bits)&(1<<size-1), size)
	}
}

func (e *jpegEncoder) symbol(code int, s byte) {
	if e.frequency != nil {
		e.frequency[code][s]++
		return
	}
	h := e.codes[code]
	e.emit(uint64(h.code[s]), uint(h.bits[s]))
}

func (e *jpegEncoder) emit(bits uint64, n uint) {
	e.pending = e.pending<<n | bits
	for e.waiting += n; e.waiting >= 8; e.waiting -= 8 {
		v := byte(e.pending >> (e.waiting - 8))
		e.w.WriteByte(v)
		if v == 0xff { // not a marker
			e.w.WriteByte(0)
		}
	}
}

// flush writes the last bits, filled up with ones.
func (e *jpegEncoder) flush() {
	if e.waiting > 0 {
		e.emit(1<<(8-e.waiting)-1, 8-e.waiting)
	}
}

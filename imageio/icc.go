package imageio

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf16"
)

// profile is an ICC profile of the kind that cameras, screens and editors have: a curve for each channel and then a
// matrix (ICC.1:2022, annex F.3). Profiles of printers have tables instead.
type profile struct {
	curves [3]func(float64) float64 // to linear light
	toXYZ  [3][3]float64            // of linear RGB, relative to D50
}

// profileOf is the ICC profile in a file, nil where it has none or a damaged one.
func profileOf(f *format, file []byte) []byte {
	switch f.name {
	case "PNG":
		for c := range chunksOfPNG(file) {
			if c.name == "iCCP" && c.intact {
				if _, body, found := bytes.Cut(c.body, []byte{0}); found && len(body) > 0 {
					icc, _ := inflated(body[1:], body[0])
					return icc
				}
			}
		}
	case "JPEG":
		return profileOfJPEG(file)
	case "TIFF":
		return tiffBytes(file, tagICC)
	case "WebP":
		for c := range chunksOfWebP(from(file, 12)) {
			if c.name == "ICCP" {
				return c.body
			}
		}
	}
	return nil
}

const iccMarker = "ICC_PROFILE\x00" // begins a JPEG's APP2 segments, each with its number and how many there are

func profileOfJPEG(file []byte) []byte {
	const app2 = 0xe2
	parts := map[byte][]byte{}
	for marker, body := range segments(file) {
		if part, ok := bytes.CutPrefix(body, []byte(iccMarker)); ok && marker == app2 && len(part) >= 2 {
			parts[part[0]] = part[2:]
		}
	}
	var icc []byte
	for i := byte(1); parts[i] != nil; i++ {
		icc = append(icc, parts[i]...)
	}
	return icc
}

// errProfile is a profile that is damaged or of another kind.
var errProfile = errors.New("is damaged or of a kind that is not read")

// tagOfICC is the data of a tag, nil where the profile has none.
func tagOfICC(icc []byte, name string) []byte {
	table := from(icc, 128)
	if len(table) < 4 {
		return nil
	}
	entries := table[4:]
	for range min(int64(binary.BigEndian.Uint32(table)), int64(len(entries)/12)) {
		offset, size := binary.BigEndian.Uint32(entries[4:]), binary.BigEndian.Uint32(entries[8:])
		if data := from(icc, uint64(offset)); string(entries[:4]) == name && uint64(len(data)) >= uint64(size) {
			return data[:size]
		}
		entries = entries[12:]
	}
	return nil
}

// parseProfile reads a profile of RGB or grey.
func parseProfile(icc []byte) (*profile, error) {
	if len(icc) < 132 || string(icc[36:40]) != "acsp" || string(icc[20:24]) != "XYZ " {
		return nil, errProfile
	}
	p := &profile{}
	curves, columns := []string{"rTRC", "gTRC", "bTRC"}, []string{"rXYZ", "gXYZ", "bXYZ"}
	switch string(icc[16:20]) {
	case "RGB ":
	case "GRAY":
		curves, columns = []string{"kTRC", "kTRC", "kTRC"}, nil
		p.toXYZ = srgbToD50 // of equal channels: the white point times the value
	default:
		return nil, errProfile
	}
	for k, name := range curves {
		curve, err := parseCurve(tagOfICC(icc, name))
		if err != nil {
			return nil, err
		}
		p.curves[k] = curve
	}
	if !p.finite() {
		return nil, errProfile
	}
	for k, name := range columns {
		xyz := tagOfICC(icc, name)
		if len(xyz) < 20 || string(xyz[:4]) != "XYZ " {
			return nil, errProfile
		}
		for i := range 3 {
			p.toXYZ[i][k] = fixed(xyz[8+4*i:])
		}
	}
	return p, nil
}

// fixed is a number of 16 integer and 16 fractional bits.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// parseCurve reads a tone curve: a table, a power, or one of five formulas.
func parseCurve(data []byte) (func(float64) float64, error) {
	if len(data) < 12 {
		return nil, errProfile
	}
	switch string(data[:4]) {
	case "curv":
		n := uint64(binary.BigEndian.Uint32(data[8:]))
		if uint64(len(data)) < 12+2*n {
			return nil, errProfile
		}
		return tableCurve(data[12 : 12+2*n]), nil
	case "para":
		kind := int(binary.BigEndian.Uint16(data[8:]))
		counts := []int{1, 3, 4, 5, 7}
		if kind >= len(counts) || len(data) < 12+4*counts[kind] {
			return nil, errProfile
		}
		var v [7]float64
		for i := range counts[kind] {
			v[i] = fixed(data[12+4*i:])
		}
		return parametricCurve(kind, v), nil
	}
	return nil, errProfile
}

// tableCurve interpolates 16-bit values; none is the identity, and one is a power with 8 fractional bits.
func tableCurve(table []byte) func(float64) float64 {
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(table[2*i:])) }
	switch n := len(table) / 2; n {
	case 0:
		return func(x float64) float64 { return x }
	case 1:
		gamma := at(0) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }
	default:
		return func(x float64) float64 {
			place := x * float64(n-1)
			i := min(int(place), n-2)
			return (at(i) + (at(i+1)-at(i))*(place-float64(i))) / 65535
		}
	}
}

// parametricCurve is a power of a linear function, with a linear part below a limit; v is γ, a, b, c, d, e, f.
func parametricCurve(kind int, v [7]float64) func(float64) float64 {
	gamma, a, b, slope, limit, above, below := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 0:
		a, b, slope, limit = 1, 0, 0, 0
	case 1: // 0 below where the power begins
		slope, limit = 0, -b/a
	case 2: // a constant there
		above, below = v[3], v[3]
		slope, limit = 0, -b/a
	}
	return func(x float64) float64 {
		if x < limit {
			return slope*x + below
		}
		return math.Pow(max(a*x+b, 0), gamma) + above
	}
}

// toSRGB is the matrix from the profile's linear RGB to sRGB's.
func (p *profile) toSRGB() (m [3][3]float64) {
	for i := range 3 {
		for k := range 3 {
			for j := range 3 {
				m[i][k] += fromD50[i][j] * p.toXYZ[j][k]
			}
		}
	}
	return m
}

// isSRGB says whether conversion would change nothing that 8 bits show.
func (p *profile) isSRGB() bool {
	m := p.toSRGB()
	for i := range 3 {
		for k := range 3 {
			want := 0.0
			if i == k {
				want = 1
			}
			if math.Abs(m[i][k]-want) > 2e-3 {
				return false
			}
		}
		for x := 0.0; x <= 1; x += 1. / 32 {
			if math.Abs(encodeSRGB(p.curves[i](x))-x) > 1./255 {
				return false
			}
		}
	}
	return true
}

// finite says whether the profile maps every colour to numbers.
func (p *profile) finite() bool {
	for k := range 3 {
		for x := 0.0; x <= 1; x += 1. / 256 {
			if y := p.curves[k](x); math.IsNaN(y) || math.IsInf(y, 0) {
				return false
			}
		}
	}
	return true
}

// encodeSRGB is the transfer function of IEC 61966-2-1, limited to 0..1.
func encodeSRGB(linear float64) float64 {
	switch {
	case linear <= 0:
		return 0
	case linear >= 1:
		return 1
	case linear <= 0.0031308:
		return 12.92 * linear
	}
	return 1.055*math.Pow(linear, 1/2.4) - 0.055
}

// steps is the precision of tables of curves: that of 16 bits.
const steps = 65535

// convert makes sRGB of the profile's RGB in place. Colours outside of sRGB are limited channel by channel.
func (p *profile) convert(rgb []float32) {
	var linear [3][]float32
	for k := range linear {
		linear[k] = make([]float32, steps+1)
		for i := range linear[k] {
			linear[k][i] = unit(p.curves[k](float64(i) / steps))
		}
	}
	encoded := make([]float32, steps+2)
	for i := range encoded {
		encoded[i] = float32(encodeSRGB(float64(i) / steps))
	}
	var m [3][3]float32
	for i, row := range p.toSRGB() {
		for k, v := range row {
			m[i][k] = float32(v)
		}
	}
	for i := 0; i+2 < len(rgb); i += 3 {
		r, g, b := linear[0][quantize(rgb[i], steps)], linear[1][quantize(rgb[i+1], steps)], linear[2][quantize(rgb[i+2], steps)]
		for k := range 3 {
			place := min(max(m[k][0]*r+m[k][1]*g+m[k][2]*b, 0), 1) * steps
			at := int(place)
			low, high := encoded[at], encoded[at+1]
			rgb[i+k] = low + (high-low)*(place-float32(at))
		}
	}
}

// unit limits a curve's value to 0..1. Curves of damaged profiles can be steep enough for numbers that no float32 has, whose
// sums are not numbers; NaN is 0.
func unit(v float64) float32 {
	if v > 0 {
		return float32(min(v, 1))
	}
	return 0
}

// nameOfProfile is a profile's description, or what stands for it.
func nameOfProfile(icc []byte) string {
	data := tagOfICC(icc, "desc")
	var name string
	switch {
	case len(data) >= 12 && string(data[:4]) == "desc": // version 2: ASCII with its length
		n := min(uint64(binary.BigEndian.Uint32(data[8:])), uint64(len(data)-12))
		name = latin1(data[12 : 12+n])
	case len(data) >= 28 && string(data[:4]) == "mluc": // version 4: records of language, length, offset
		n, offset := binary.BigEndian.Uint32(data[20:]), binary.BigEndian.Uint32(data[24:])
		text := from(data, uint64(offset))
		var units []uint16
		for i := 0; i+1 < min(int(n), len(text)); i += 2 {
			units = append(units, binary.BigEndian.Uint16(text[i:]))
		}
		name = string(utf16.Decode(units))
	}
	name = string(bytes.TrimRight([]byte(name), "\x00 "))
	return fmt.Sprintf("%q", cmp.Or(name, "without a name"))
}

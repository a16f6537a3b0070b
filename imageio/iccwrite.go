package imageio

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"unicode/utf16"
)

// srgbToD50 is the matrix of sRGB's profile: the primaries of ITU-R 709 and white D65, adapted to D50 by Bradford's method.
var srgbToD50 = [3][3]float64{
	{0.4360747, 0.3850649, 0.1430804},
	{0.2225045, 0.7168786, 0.0606169},
	{0.0139322, 0.0971045, 0.7141733},
}

// fromD50 makes linear sRGB of XYZ relative to D50.
var fromD50 = inverse(srgbToD50)

// inverse is of a matrix that has one: cofactors over the determinant.
func inverse(m [3][3]float64) (inv [3][3]float64) {
	cofactor := func(i, k int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (k+1)%3, (k+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	determinant := 0.0
	for k := range 3 {
		determinant += m[0][k] * cofactor(0, k)
	}
	for i := range 3 {
		for k := range 3 {
			inv[k][i] = cofactor(i, k) / determinant
		}
	}
	return inv
}

// srgbProfile is a profile that says sRGB in half a kilobyte.
func srgbProfile() []byte {
	return writeProfile("sRGB", srgbToD50, []float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045})
}

// writeProfile is an ICC profile, version 4.4, of a matrix and a parametric curve: γ; or γ, a, b, c, d.
func writeProfile(name string, toXYZ [3][3]float64, curve []float64) []byte {
	kind := map[int]byte{1: 0, 5: 3}[len(curve)]
	tags := []iccTag{
		{"desc", text(name)}, {"cprt", text("No copyright")},
		{"wtpt", numbers("XYZ ", d50[:]...)},
	}
	for k, tag := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tags = append(tags, iccTag{tag, numbers("XYZ ", toXYZ[0][k], toXYZ[1][k], toXYZ[2][k])})
	}
	trc := slices.Insert(numbers("para", curve...), 8, 0, kind, 0, 0)
	tags = append(tags, iccTag{"rTRC", trc}, iccTag{"gTRC", trc}, iccTag{"bTRC", trc})
	return assemble(tags)
}

// d50 is the white of the space that profiles are connected by.
var d50 = [3]float64{0.9642, 1, 0.8249}

type iccTag struct {
	name string
	data []byte
}

// numbers is a tag of a type with numbers of 16 integer and 16 fractional bits.
func numbers(kind string, values ...float64) []byte {
	b := append([]byte(kind), 0, 0, 0, 0)
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

// text is a tag of text in English: one record of 12 bytes, the text 28 bytes in.
func text(s string) []byte {
	b := append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), 0, 0, 0, byte(2*len(s)), 0, 0, 0, 28)
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, c)
	}
	return b
}

// assemble puts tags behind a profile's header; equal data is kept once.
func assemble(tags []iccTag) []byte {
	header := make([]byte, 128)
	copy(header[8:], "\x04\x40") // version 4.4
	copy(header[12:], "mntrRGB XYZ ")
	copy(header[24:], "\x07\xea\x00\x01\x00\x01") // 1 January 2026
	copy(header[36:], "acsp")
	copy(header[68:], numbers("", d50[:]...)[4:])
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	start := 128 + 4 + 12*len(tags)
	var data []byte
	for _, t := range tags {
		at := bytes.Index(data, t.data)
		if at < 0 || at%4 != 0 {
			at = len(data)
			data = append(data, t.data...)
			data = append(data, make([]byte, (4-len(data)%4)%4)...)
		}
		table = append(table, t.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(start+at))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
	}
	profile := slices.Concat(header, table, data)
	binary.BigEndian.PutUint32(profile, uint32(len(profile)))
	return profile
}

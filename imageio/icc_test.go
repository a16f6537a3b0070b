package imageio

import (
	"bytes"
	"compress/zlib"
	"image/png"
	"math"
	"strings"
	"testing"
)

// pngWithProfile is a PNG of one colour with an ICC profile.
func pngWithProfile(t testing.TB, icc []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("name\x00\x00")
	z := zlib.NewWriter(&b)
	if _, err := z.Write(icc); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return pngWith(t, "iCCP", b.Bytes())
}

// sRGB's own profile changes nothing, and white stays white in every profile.
func TestProfiles(t *testing.T) {
	for name, icc := range profiles() {
		p, err := parseProfile(icc)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.isSRGB() != (name == "sRGB") {
			t.Errorf("%s is sRGB: %v", name, p.isSRGB())
		}
		rgb := []float32{1, 1, 1, 0.2, 0.5, 0.9}
		p.convert(rgb)
		for k := range 3 {
			if strings.HasPrefix(name, "para") {
				break // these are of no white
			}
			if math.Abs(float64(rgb[k]-1)) > 2e-3 {
				t.Errorf("%s: white is %v", name, rgb[:3])
			}
		}
		if name == "sRGB" {
			for k, want := range []float32{0.2, 0.5, 0.9} {
				if math.Abs(float64(rgb[3+k]-want)) > 1e-3 {
					t.Errorf("sRGB: %v, want 0.2 0.5 0.9", rgb[3:])
				}
			}
		}
	}
}

// The matrix from and to XYZ, and white adapted to D50.
func TestSRGBMatrix(t *testing.T) {
	for i, row := range srgbToD50 {
		if sum := row[0] + row[1] + row[2]; math.Abs(sum-d50[i]) > 5e-4 {
			t.Errorf("white's coordinate %d is %g, want %g", i, sum, d50[i])
		}
		for k := range 3 {
			product, want := 0.0, 0.0
			for j := range 3 {
				product += fromD50[i][j] * srgbToD50[j][k]
			}
			if i == k {
				want = 1
			}
			if math.Abs(product-want) > 1e-12 {
				t.Errorf("the inverse times the matrix has %g at %d, %d", product, i, k)
			}
		}
	}
}

// Profiles of printers, damaged ones and ones of grey: a warning and the colours as they are, or a conversion.
func TestOtherProfiles(t *testing.T) {
	change := func(at int, with string) []byte {
		icc := bytes.Clone(srgbProfile())
		copy(icc[at:], with)
		return icc
	}
	grey := withCurve(writeProfile("grey", srgbToD50, []float64{1}), []byte("curv\x00\x00\x00\x00\x00\x00\x00\x00"))
	copy(grey[16:], "GRAY")
	grey = bytes.Replace(grey, []byte("rTRC"), []byte("kTRC"), 1)
	infinite := withCurve(writeProfile("infinite", srgbToD50, []float64{1}), parametric(0, -1))
	for name, c := range map[string]struct {
		icc     []byte
		warning bool
		convert bool
	}{
		"sRGB": {srgbProfile(), false, false}, "CMYK": {change(16, "CMYK"), true, false}, "Lab": {change(20, "Lab "), true, false},
		"no signature": {change(36, "xxxx"), true, false}, "cut": {srgbProfile()[:200], true, false}, "short": {[]byte("x"), true, false},
		"no curve": {change(128+bytes.Index(srgbProfile()[128:], []byte("gTRC")), "gXXX"), true, false},
		"grey":     {grey, false, true}, "numbers that are none": {infinite, true, false},
	} {
		file := pngWithProfile(t, c.icc)
		p, info, err := DecodeFloat(file, FloatOptions{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if (len(info.Warnings) == 1) != c.warning || info.Profile == "" {
			t.Errorf("%s: header says %+v", name, info)
		}
		plain := must[Picture](t)(Decode(file, Options{}))
		if d, _ := difference(t, bytesOf(p, false), plain); (d != 0) != c.convert {
			t.Errorf("%s: colours change by %d", name, d)
		}
	}
	// x linear in, sRGB out.
	p, _, err := DecodeFloat(pngWithProfile(t, grey), FloatOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := png.Decode(bytes.NewReader(pngWithProfile(t, grey)))
	if err != nil {
		t.Fatal(err)
	}
	r, _, _, _ := plain.At(1, 1).RGBA()
	if got, want := float64(p.RGB[3*(1*3+1)]), encodeSRGB(float64(r)/65535); math.Abs(got-want) > 1e-4 {
		t.Errorf("a linear value of %g is %g, want %g", float64(r)/65535, got, want)
	}
}

// A curve beyond all float32 gives colours of 0..1 all the same, without a panic.
func TestSteepProfile(t *testing.T) {
	icc := withCurve(profiles()["Display P3"], parametric(1, 30, 100, 0)) // (100x)^30, 1e60 at white
	p, info, err := DecodeFloat(pngWithProfile(t, icc), FloatOptions{})
	if err != nil || len(info.Warnings) != 0 {
		t.Fatalf("%+v, %v", info, err)
	}
	for i, v := range p.RGB {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("value %d is %g", i, v)
		}
	}
}

func FuzzProfile(f *testing.F) {
	for _, icc := range profiles() {
		f.Add(icc)
	}
	f.Fuzz(func(t *testing.T, icc []byte) {
		nameOfProfile(icc)
		p, err := parseProfile(icc)
		if err != nil {
			return
		}
		rgb := []float32{0, 0.3, 1, 1, 1, 0.001}
		if !p.isSRGB() {
			p.convert(rgb)
		}
		for _, v := range rgb {
			if !(v >= 0 && v <= 1) {
				t.Errorf("a converted colour is %v", rgb)
			}
		}
	})
}

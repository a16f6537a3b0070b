package imageio

import (
	"fmt"
	"image"
)

// Resize gives a picture another size. The result is that of PIL's Image.resize with the same filter.
func Resize(p Picture, h, w int, f Filter) (Picture, error) {
	var r Resizer
	var dst Picture
	err := r.Resize(&dst, h, w, p, image.Rect(0, 0, p.W, p.H), f)
	return dst, err
}

// Resizer resizes pictures in memory that it uses again. The zero value is ready; it belongs to one goroutine.
type Resizer struct {
	columns, rows kernel
	middle        []uint8 // resized along the rows: [rows of the part, w, C]
	sums          []int32 // [w C]
}

// Resize makes dst, of size [h w C], of a part of src, as PIL's crop and resize do: first along the rows, then along the
// columns, each rounded to 8 bits. Pixels outside of the part count nothing. dst must not share memory with src. Alpha is
// resized like the other channels, which are not weighed with it.
func (r *Resizer) Resize(dst *Picture, h, w int, src Picture, part image.Rectangle, f Filter) error {
	if err := checkResize(h, w, src, part, f); err != nil {
		return err
	}
	dst.Reset(h, w, src.C)
	r.columns.build(part.Min.X, part.Dx(), w, f)
	r.rows.build(0, part.Dy(), h, f)
	r.middle, r.sums = resized(r.middle, part.Dy()*w*src.C), resized(r.sums, w*src.C)
	for y := range part.Dy() {
		along(r.middle[y*w*src.C:][:w*src.C], src.Row(part.Min.Y+y), src.C, &r.columns)
	}
	for y := range h {
		first, weights := r.rows.at(y)
		across(dst.Row(y), r.middle[first*w*src.C:], weights, r.sums)
	}
	return nil
}

func checkResize(h, w int, src Picture, part image.Rectangle, f Filter) error {
	if err := src.Check(); err != nil {
		return fmt.Errorf("imageio: Resize: %w", err)
	}
	if h <= 0 || w <= 0 {
		return fmt.Errorf("imageio: Resize to %dx%d: want 1 or more", h, w)
	}
	if part.Empty() || !part.In(image.Rect(0, 0, src.W, src.H)) {
		return fmt.Errorf("imageio: Resize: part %v of a picture of %s", part, src.Size())
	}
	_, ok := volume(h, w, src.C)
	if _, fits := volume(part.Dy(), w, src.C); !ok || !fits { // the second is what is resized along the rows alone
		return fmt.Errorf("imageio: Resize of %s to %dx%d: it is larger than memory can be", src.Size(), h, w)
	}
	return f.Check()
}

const half = 1 << (fraction - 1)

// along resizes one row of c channels.
func along(dst, src []uint8, c int, k *kernel) {
	for o := range len(dst) / c {
		first, weights := k.at(o)
		in := src[first*c:]
		switch c {
		case 3:
			r, g, b := int32(half), int32(half), int32(half)
			for i, w := range weights {
				p := in[3*i : 3*i+3 : 3*i+3]
				r += w * int32(p[0])
				g += w * int32(p[1])
				b += w * int32(p[2])
			}
			d := dst[3*o : 3*o+3 : 3*o+3]
			d[0], d[1], d[2] = clip(r), clip(g), clip(b)
		default:
			for k := range c {
				sum := int32(half)
				for i, w := range weights {
					sum += w * int32(in[i*c+k])
				}
				dst[o*c+k] = clip(sum)
			}
		}
	}
}

// across makes one row as the weighted sum of rows that are as long, one after the other. sums is memory for it.
func across(dst, src []uint8, weights []int32, sums []int32) {
	if len(weights) == 1 {
		copy(dst, src)
		return
	}
	n := len(dst)
	sums = sums[:n]
	for x := range sums {
		sums[x] = half
	}
	for ; len(weights) >= 2; weights, src = weights[2:], src[min(2*n, len(src)):] {
		v, w, a, b := weights[0], weights[1], src[:n], src[n:2*n]
		for x := range sums {
			sums[x] += v*int32(a[x]) + w*int32(b[x])
		}
	}
	if len(weights) == 1 {
		w, a := weights[0], src[:n]
		for x := range sums {
			sums[x] += w * int32(a[x])
		}
	}
	for x, v := range sums {
		dst[x] = clip(v)
	}
}

// clip is the integer part of v/2^fraction, limited to a byte.
func clip(v int32) uint8 { return uint8(min(max(v>>fraction, 0), 255)) }

package ref

import "fmt"

// rows cuts an elementwise operation with broadcast operands into runs of at most blockLen elements.
//
// Operand axes of size 1, and scalar operands, repeat along the output's axes. Axes that every operand walks in
// memory order, or that every operand either walks so or repeats, are merged, so that equal shapes become one long run.
type rows struct {
	dims []int   // merged output dimensions, outermost first
	step [][]int // per operand, its stride along each merged dimension: 0 where it repeats
}

// newRows checks that the operands broadcast to dims. An operand's rank is that of dims or 0.
func newRows(dims []int, operands ...[]int) (*rows, error) {
	r := &rows{step: make([][]int, len(operands))}
	strides := make([][]int, len(operands))
	for i, shape := range operands {
		s, err := broadcastStrides(dims, shape)
		if err != nil {
			return nil, err
		}
		strides[i] = s
	}
	for axis, d := range dims {
		if d == 1 && len(dims) > 1 {
			continue
		}
		last := len(r.dims) - 1
		if last >= 0 && r.mergeable(last, axis, d, strides) {
			r.dims[last] *= d
			for i := range strides {
				r.step[i][last] = strides[i][axis]
			}
			continue
		}
		r.dims = append(r.dims, d)
		for i := range strides {
			r.step[i] = append(r.step[i], strides[i][axis])
		}
	}
	if len(r.dims) == 0 {
		r.dims = []int{1}
		for i := range r.step {
			r.step[i] = []int{0}
		}
	}
	return r, nil
}

func (r *rows) mergeable(last, axis, dim int, strides [][]int) bool {
	for i := range strides {
		if r.step[i][last] != strides[i][axis]*dim {
			return false
		}
	}
	return true
}

func broadcastStrides(dims, shape []int) ([]int, error) {
	strides := make([]int, len(dims))
	if len(shape) == 0 {
		return strides, nil
	}
	if len(shape) != len(dims) {
		return nil, fmt.Errorf("an operand of dimensions %v does not broadcast to %v", shape, dims)
	}
	stride := 1
	for axis := len(dims) - 1; axis >= 0; axis-- {
		switch {
		case shape[axis] == 1 && dims[axis] != 1:
		case shape[axis] == dims[axis]:
			if dims[axis] != 1 {
				strides[axis] = stride
			}
		default:
			return nil, fmt.Errorf("an operand of dimensions %v does not broadcast to %v", shape, dims)
		}
		stride *= shape[axis]
	}
	return strides, nil
}

// each calls body for every run: n output elements from out on, operand i read from off[i] with stride step[i], 0 or 1.
func (r *rows) each(body func(out, n int, off, step []int)) {
	outer, inner := r.dims[:len(r.dims)-1], r.dims[len(r.dims)-1]
	step := make([]int, len(r.step))
	for i, s := range r.step {
		step[i] = s[len(r.dims)-1]
	}
	start, off := make([]int, len(r.step)), make([]int, len(r.step))
	index := make([]int, len(outer))
	out := 0
	for range product(outer) {
		for done := 0; done < inner; done += blockLen {
			n := min(blockLen, inner-done)
			for i := range off {
				off[i] = start[i] + done*step[i]
			}
			body(out, n, off, step)
			out += n
		}
		for axis := len(outer) - 1; axis >= 0; axis-- {
			index[axis]++
			for i := range start {
				start[i] += r.step[i][axis]
			}
			if index[axis] < outer[axis] {
				break
			}
			for i := range start {
				start[i] -= outer[axis] * r.step[i][axis]
			}
			index[axis] = 0
		}
	}
}

func product(dims []int) int {
	p := 1
	for _, d := range dims {
		p *= d
	}
	return p
}

// stridesOf are the strides in elements of a dense row-major array.
func stridesOf(dims []int) []int {
	strides := make([]int, len(dims))
	stride := 1
	for axis := len(dims) - 1; axis >= 0; axis-- {
		strides[axis] = stride
		stride *= dims[axis]
	}
	return strides
}

// next advances index, the last axis fastest, within dims; false after the last one, index then being zero again.
func next(index, dims []int) bool {
	for axis := len(dims) - 1; axis >= 0; axis-- {
		index[axis]++
		if index[axis] < dims[axis] {
			return true
		}
		index[axis] = 0
	}
	return false
}

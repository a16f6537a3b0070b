package fused

// A space is a program's iteration space with the axes that all operands treat alike merged: rows of cols points,
// the rows numbered row-major over the outer axes.
type space struct {
	outer  []int
	cols   int
	rows   int
	points int
}

// merge drops axes of size 1 and merges neighbouring axes where every operand steps through both as through one.
// strides holds one list per operand; the lists returned have len(outer)+1 entries, the column's last.
func merge(dims []int, strides [][]int) (space, [][]int) {
	var kept []int
	merged := make([][]int, len(strides))
	for axis, d := range dims {
		if d == 1 {
			continue
		}
		if n := len(kept); n > 0 && contiguous(merged, strides, axis, d) {
			kept[n-1] *= d
			for i := range merged {
				merged[i][n-1] = strides[i][axis]
			}
			continue
		}
		kept = append(kept, d)
		for i := range merged {
			merged[i] = append(merged[i], strides[i][axis])
		}
	}
	if len(kept) == 0 {
		kept = []int{1}
		for i := range merged {
			merged[i] = []int{0}
		}
	}
	s := space{outer: kept[:len(kept)-1], cols: kept[len(kept)-1], rows: 1}
	for _, d := range s.outer {
		s.rows *= d
	}
	s.points = s.rows * s.cols
	return s, merged
}

// contiguous reports whether for every operand the last merged axis steps over exactly the d elements of axis.
func contiguous(merged, strides [][]int, axis, d int) bool {
	for i := range merged {
		if merged[i][len(merged[i])-1] != strides[i][axis]*d {
			return false
		}
	}
	return true
}

// dense reports whether strides are those of a row-major array of the space's shape.
func (s *space) dense(strides []int) bool {
	if s.cols != 1 && strides[len(s.outer)] != 1 {
		return false
	}
	want := s.cols
	for axis := len(s.outer) - 1; axis >= 0; axis-- {
		if strides[axis] != want {
			return false
		}
		want *= s.outer[axis]
	}
	return true
}

// rowOffset is the offset of a row's first element.
func (s *space) rowOffset(row int, strides []int) int {
	off := 0
	for axis := len(s.outer) - 1; axis >= 0; axis-- {
		if row == 0 {
			break
		}
		d := s.outer[axis]
		off += row % d * strides[axis]
		row /= d
	}
	return off
}

// run returns how many of the rows from row on, at most n, lie on one line of the last outer axis, and the stride
// between them.
func (s *space) run(row, n int, strides []int) (rows, stride int) {
	last := len(s.outer) - 1
	if last < 0 {
		return n, 0
	}
	return min(n, s.outer[last]-row%s.outer[last]), strides[last]
}

func allZero(v []int) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// extent is the number of elements of memory that an operand reaches over. A reduction has a result even if it
// reduces an axis of size 0.
func extent(dims, strides []int, reduces bool) int {
	n := 1
	for i, d := range dims {
		switch {
		case d > 0:
			n += (d - 1) * strides[i]
		case !reduces || strides[i] != 0:
			return 0
		}
	}
	return n
}

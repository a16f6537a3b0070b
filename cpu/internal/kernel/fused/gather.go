package fused

import "unsafe"

// tile is a range of points: part of one row, or whole rows from col 0.
type tile struct {
	point    int // row·cols + col
	row, col int
	rows, n  int // n points in all
	cols     int // of each row: n if rows is 1
}

// gather fills an input's block with its elements at the tile's points.
func (f *frame) gather(i int, t *tile) {
	e := f.e
	in := &e.inputs[i]
	dst := f.slots[in.slot]
	switch {
	case in.isBool && in.dense:
		e.kernels.LoadBools((*byte)(dst), (*byte)(f.source(i, t.point)), t.n)
		return
	case in.isHalf && in.dense:
		e.kernels.FromBFloat16((*byte)(dst), (*byte)(f.source(i, t.point)), t.n)
		return
	}
	colStride := in.strides[len(e.outer)]
	for row, left := t.row, t.rows; left > 0; {
		rows, rowStride := e.run(row, left, in.strides)
		src := f.source(i, e.rowOffset(row, in.strides)+t.col*colStride)
		switch {
		case in.isBool && e.size == 4:
			gatherAs((*uint32)(dst), (*byte)(src), rows, t.cols, rowStride, colStride, maskOf[uint32])
		case in.isBool:
			gatherAs((*uint64)(dst), (*byte)(src), rows, t.cols, rowStride, colStride, maskOf[uint64])
		case in.isHalf:
			gatherAs((*uint32)(dst), (*uint16)(src), rows, t.cols, rowStride, colStride, widen)
		case e.size == 4:
			gatherWords((*uint32)(dst), (*uint32)(src), rows, t.cols, rowStride, colStride)
		default:
			gatherWords((*uint64)(dst), (*uint64)(src), rows, t.cols, rowStride, colStride)
		}
		dst = unsafe.Add(dst, rows*t.cols*e.size)
		row, left = row+rows, left-rows
	}
}

// store writes a block to an output's memory.
func (f *frame) store(o int, t *tile) {
	e := f.e
	out := &e.outputs[o]
	src, dst := f.slots[out.slot], unsafe.Pointer(unsafe.SliceData(f.out[o]))
	isBool := out.isBool()
	switch {
	case out.dense && isBool:
		e.kernels.StoreBools((*byte)(unsafe.Add(dst, t.point)), (*byte)(src), t.n)
		return
	case out.isHalf():
		e.kernels.ToBFloat16((*byte)(unsafe.Add(dst, 2*t.point)), (*byte)(src), t.n)
		return
	case out.dense:
		copy(unsafe.Slice((*byte)(unsafe.Add(dst, t.point*e.size)), t.n*e.size), unsafe.Slice((*byte)(src), t.n*e.size))
		return
	}
	colStride := out.strides[len(e.outer)]
	for row, left := t.row, t.rows; left > 0; {
		rows, rowStride := e.run(row, left, out.strides)
		off := e.rowOffset(row, out.strides) + t.col*colStride
		switch {
		case isBool && e.size == 4:
			scatter((*byte)(unsafe.Add(dst, off)), (*uint32)(src), rows, t.cols, rowStride, colStride, boolOf[uint32])
		case isBool:
			scatter((*byte)(unsafe.Add(dst, off)), (*uint64)(src), rows, t.cols, rowStride, colStride, boolOf[uint64])
		case e.size == 4:
			scatterWords((*uint32)(unsafe.Add(dst, off*4)), (*uint32)(src), rows, t.cols, rowStride, colStride)
		default:
			scatterWords((*uint64)(unsafe.Add(dst, off*8)), (*uint64)(src), rows, t.cols, rowStride, colStride)
		}
		src = unsafe.Add(src, rows*t.cols*e.size)
		row, left = row+rows, left-rows
	}
}

func boolOf[W uint32 | uint64](w W) byte { return byte(w & 1) }

// view is the memory that a strided matrix reaches over.
func view[T any](p *T, rows, cols, rowStride, colStride int) []T {
	return unsafe.Slice(p, (rows-1)*rowStride+(cols-1)*colStride+1)
}

// gatherWords copies a strided matrix to a dense one.
func gatherWords[W uint32 | uint64](dst, src *W, rows, cols, rowStride, colStride int) {
	d, s := unsafe.Slice(dst, rows*cols), view(src, rows, cols, rowStride, colStride)
	switch {
	case rowStride == 0 && rows > 1:
		gatherWords(dst, src, 1, cols, 0, colStride)
		for n := cols; n < len(d); n *= 2 {
			copy(d[n:], d[:n])
		}
	case colStride == 1:
		for r := range rows {
			copy(d[r*cols:(r+1)*cols], s[r*rowStride:])
		}
	case colStride == 0:
		for r := range rows {
			v := s[r*rowStride]
			for c := r * cols; c < (r+1)*cols; c++ {
				d[c] = v
			}
		}
	case rowStride == 1 && rows > 1: // a transpose: read along the rows, which are contiguous in memory
		for c := range cols {
			for r, v := range s[c*colStride:][:rows] {
				d[r*cols+c] = v
			}
		}
	default:
		for r := range rows {
			for c := range cols {
				d[r*cols+c] = s[r*rowStride+c*colStride]
			}
		}
	}
}

// gatherAs is gatherWords of another type.
func gatherAs[W uint32 | uint64, S byte | uint16](dst *W, src *S, rows, cols, rowStride, colStride int, convert func(S) W) {
	d, s := unsafe.Slice(dst, rows*cols), view(src, rows, cols, rowStride, colStride)
	for r := range rows {
		for c := range cols {
			d[r*cols+c] = convert(s[r*rowStride+c*colStride])
		}
	}
}

// scatterWords copies a dense matrix to a strided one.
func scatterWords[W uint32 | uint64](dst, src *W, rows, cols, rowStride, colStride int) {
	if colStride != 1 {
		scatter(dst, src, rows, cols, rowStride, colStride, func(w W) W { return w })
		return
	}
	d, s := view(dst, rows, cols, rowStride, colStride), unsafe.Slice(src, rows*cols)
	for r := range rows {
		copy(d[r*rowStride:], s[r*cols:(r+1)*cols])
	}
}

func scatter[D, W any](dst *D, src *W, rows, cols, rowStride, colStride int, convert func(W) D) {
	d, s := view(dst, rows, cols, rowStride, colStride), unsafe.Slice(src, rows*cols)
	for r := range rows {
		for c := range cols {
			d[r*rowStride+c*colStride] = convert(s[r*cols+c])
		}
	}
}

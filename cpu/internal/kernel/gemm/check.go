package gemm

// checkMatrix panics unless a slice of the given length holds a matrix of rows×cols elements with these strides.
func checkMatrix(name string, length, rows, cols, rs, cs int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if rs < 0 || cs < 0 {
		panic("gemm: " + name + ": negative stride")
	}
	if (rows-1)*rs+(cols-1)*cs >= length {
		panic("gemm: " + name + " is too short for its shape and strides")
	}
}

// checkOutput is checkMatrix for C, whose rows must not overlap.
func checkOutput(name string, length, m, n, ldc int) {
	if m > 1 && ldc < n {
		panic("gemm: " + name + ": rows overlap")
	}
	checkMatrix(name, length, m, n, ldc, 1)
}

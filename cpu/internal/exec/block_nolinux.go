//go:build unix && !linux

package exec

func adviseHugePages([]byte) {}

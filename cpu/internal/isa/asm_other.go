//go:build !amd64 || noasm

package isa

const asm = false

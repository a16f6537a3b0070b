//go:build !noasm

package isa

const asm = true

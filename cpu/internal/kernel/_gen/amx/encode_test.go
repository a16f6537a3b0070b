package main

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// TestEncodings has the bytes that GNU as 2.40 writes for the same instructions.
func TestEncodings(t *testing.T) {
	at := func(base reg.Register, disp int) operand.Mem { return operand.Mem{Base: base, Disp: disp} }
	rows := func(base, index reg.Register, scale uint8, disp int) operand.Mem {
		return operand.Mem{Base: base, Index: index, Scale: scale, Disp: disp}
	}
	for _, c := range []struct {
		name string // as GNU as writes it
		got  []byte
		want string
	}{
		{"ldtilecfg (%rax)", ldtilecfg(at(reg.RAX, 0)), "c4 e2 78 49 00"},
		{"ldtilecfg (%r9)", ldtilecfg(at(reg.R9, 0)), "c4 c2 78 49 01"},
		{"ldtilecfg 64(%rsp)", ldtilecfg(at(reg.RSP, 64)), "c4 e2 78 49 44 24 40"},
		{"sttilecfg (%rcx)", sttilecfg(at(reg.RCX, 0)), "c4 e2 79 49 01"},
		{"sttilecfg (%r12)", sttilecfg(at(reg.R12, 0)), "c4 c2 79 49 04 24"},
		{"tilerelease", tilerelease(), "c4 e2 78 49 c0"},
		{"tilezero %tmm0", tilezero(0), "c4 e2 7b 49 c0"},
		{"tilezero %tmm5", tilezero(5), "c4 e2 7b 49 e8"},
		{"tilezero %tmm7", tilezero(7), "c4 e2 7b 49 f8"},
		{"tileloadd (%rax,%rbx,1),%tmm4", tileloadd(4, rows(reg.RAX, reg.RBX, 1, 0)), "c4 e2 7b 4b 24 18"},
		{"tileloadd (%rcx,%r9,1),%tmm6", tileloadd(6, rows(reg.RCX, reg.R9, 1, 0)), "c4 a2 7b 4b 34 09"},
		{"tileloadd (%r8,%rdx,1),%tmm1", tileloadd(1, rows(reg.R8, reg.RDX, 1, 0)), "c4 c2 7b 4b 0c 10"},
		{"tileloadd (%r13,%r14,1),%tmm7", tileloadd(7, rows(reg.R13, reg.R14, 1, 0)), "c4 82 7b 4b 7c 35 00"},
		{"tileloadd 64(%rsi,%rdx,2),%tmm2", tileloadd(2, rows(reg.RSI, reg.RDX, 2, 64)), "c4 e2 7b 4b 54 56 40"},
		{"tileloadd 0x400(%rsi,%rdx,4),%tmm2", tileloadd(2, rows(reg.RSI, reg.RDX, 4, 0x400)), "c4 e2 7b 4b 94 96 00 04 00 00"},
		{"tileloadd (%rbp,%rdx,1),%tmm2", tileloadd(2, rows(reg.RBP, reg.RDX, 1, 0)), "c4 e2 7b 4b 54 15 00"},
		{"tilestored %tmm0,(%rdi,%r8,1)", tilestored(0, rows(reg.RDI, reg.R8, 1, 0)), "c4 a2 7a 4b 04 07"},
		{"tilestored %tmm3,64(%r15,%rax,1)", tilestored(3, rows(reg.R15, reg.RAX, 1, 64)), "c4 c2 7a 4b 5c 07 40"},
		{"tdpbf16ps %tmm6,%tmm4,%tmm0", tdpbf16ps(0, 4, 6), "c4 e2 4a 5c c4"},
		{"tdpbf16ps %tmm7,%tmm4,%tmm1", tdpbf16ps(1, 4, 7), "c4 e2 42 5c cc"},
		{"tdpbf16ps %tmm6,%tmm5,%tmm2", tdpbf16ps(2, 5, 6), "c4 e2 4a 5c d5"},
		{"tdpbf16ps %tmm7,%tmm5,%tmm3", tdpbf16ps(3, 5, 7), "c4 e2 42 5c dd"},
		{"tdpbf16ps %tmm1,%tmm2,%tmm7", tdpbf16ps(7, 2, 1), "c4 e2 72 5c fa"},
	} {
		if got, want := hex.EncodeToString(c.got), strings.ReplaceAll(c.want, " ", ""); got != want {
			t.Errorf("%s is %s, want %s", c.name, got, want)
		}
	}
}

// TestRefusesWhatCannotBeEncoded has operands that the processor would not take as they are meant.
func TestRefusesWhatCannotBeEncoded(t *testing.T) {
	for name, f := range map[string]func(){
		"tile 8":             func() { tilezero(8) },
		"no index":           func() { tileloadd(0, operand.Mem{Base: reg.RAX}) },
		"config with index":  func() { ldtilecfg(operand.Mem{Base: reg.RAX, Index: reg.RBX, Scale: 1}) },
		"index SP":           func() { tileloadd(0, operand.Mem{Base: reg.RAX, Index: reg.RSP, Scale: 1}) },
		"scale 3":            func() { tileloadd(0, operand.Mem{Base: reg.RAX, Index: reg.RBX, Scale: 3}) },
		"32-bit base":        func() { tileloadd(0, operand.Mem{Base: reg.EAX, Index: reg.RBX, Scale: 1}) },
		"vector":             func() { tileloadd(0, operand.Mem{Base: reg.X0, Index: reg.RBX, Scale: 1}) },
		"large displacement": func() { tileloadd(0, operand.Mem{Base: reg.RAX, Index: reg.RBX, Scale: 1, Disp: 1 << 40}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("encoded")
				}
			}()
			f()
		})
	}
}

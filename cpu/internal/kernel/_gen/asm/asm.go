// Package asm writes the assembly files of the kernel packages. A generator is a program _gen/<op> that calls File
// once for each file it makes:
//
//	func main() {
//		asm.File("avx2", func(c *asm.Context) {
//			asm.Func(c, "addAVX2", "func(dst, x *float32, n int)", "addAVX2 is dst[i] += x[i] for i in [0, n).")
//			dst := c.Load(c.Param("dst"), c.GP64())
//			...
//			asm.Return(c)
//		})
//	}
//
// script/generate runs every generator with the package's folder as its only argument; the same sources always give
// the same files.
package asm

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// Context is what a generator emits instructions to: one file.
type Context = build.Context

// File writes <name>_amd64.s and its declarations <name>_amd64.go, built with !noasm, into the folder named by the
// first argument of the program; the folder's name is the package's. It ends the program on any error.
func File(name string, emit func(c *Context)) {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatalf("usage: %s <folder of the package>", filepath.Base(os.Args[0]))
	}
	folder := filepath.Clean(os.Args[1])
	op := filepath.Base(folder)
	c := build.NewContext()
	c.ConstraintExpr("!noasm")
	emit(c)
	f, err := c.Result()
	if err != nil {
		log.Fatalf("%s: %s: %v", op, name, err)
	}
	if err := pass.Compile.Execute(f); err != nil {
		log.Fatalf("%s: %s: %v", op, name, err)
	}
	encode(f)
	cfg := printer.Config{Name: "script/generate from _gen/" + op, Pkg: op}
	for ext, p := range map[string]printer.Printer{"s": printer.NewGoAsm(cfg), "go": printer.NewStubs(cfg)} {
		text, err := p.Print(f)
		if err != nil {
			log.Fatalf("%s: %s: %v", op, name, err)
		}
		path := filepath.Join(folder, fmt.Sprintf("%s_amd64.%s", name, ext))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// Func begins a function without a stack frame. Its pointers do not escape; doc is the comment of its declaration.
func Func(c *Context, name, signature string, doc ...string) {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.Doc(doc...)
	c.Pragma("noescape")
	c.SignatureExpr(signature)
}

// Return ends a function that used vector registers: without VZEROUPPER, SSE code that follows (all of Go's float
// arithmetic) runs at a fraction of its speed on many processors.
func Return(c *Context) {
	c.VZEROUPPER()
	c.RET()
}

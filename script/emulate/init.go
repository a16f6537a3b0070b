//go:build ignore

// Init is the first and only process of the emulated machine that script/emulate-avx512 starts: it runs the commands
// listed in /commands, one a line, prints their output and whether each succeeded, and switches the machine off.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

func main() {
	for _, m := range []string{"proc", "sysfs", "tmpfs", "devtmpfs"} {
		at := map[string]string{"proc": "/proc", "sysfs": "/sys", "tmpfs": "/tmp", "devtmpfs": "/dev"}[m]
		if err := syscall.Mount(m, at, m, 0, ""); err != nil {
			fmt.Println("mount", at, err)
		}
	}
	list, err := os.ReadFile("/commands")
	if err != nil {
		fmt.Println(err)
	}
	failed := err != nil
	for line := range strings.Lines(string(list)) {
		args := strings.Fields(line)
		if len(args) == 0 {
			continue
		}
		fmt.Println("#", strings.TrimSpace(line))
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		cmd.Env = []string{"TMPDIR=/tmp", "HOME=/tmp", "ATELIER_EMULATED=1"}
		if err := cmd.Run(); err != nil {
			fmt.Println("FAILED:", err)
			failed = true
		}
	}
	if failed {
		fmt.Println("EMULATION FAILED")
	} else {
		fmt.Println("EMULATION PASSED")
	}
	time.Sleep(time.Second) // the serial line is slower than the processor
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}

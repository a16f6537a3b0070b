package amx

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"
)

// Operations of arch_prctl, from Linux' asm/prctl.h, since 5.16.
const (
	getPermission     = 0x1022 // ARCH_GET_XCOMP_PERM
	requestPermission = 0x1023 // ARCH_REQ_XCOMP_PERM
	tileData          = 18     // the component that is asked for: XFEATURE_XTILE_DATA
)

// request asks for the tiles on behalf of the process and checks what was granted. Linux answers EINVAL where it is too
// old, EOPNOTSUPP where it does not manage tiles, ENOSPC where a thread's signal stack is too small.
func request() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0); errno != 0 {
		return fmt.Errorf("permission for tiles (arch_prctl: %w)", errno)
	}
	granted, err := permission()
	if err == nil && granted&tileState != tileState {
		err = errors.New("not granted")
	}
	if err != nil {
		return fmt.Errorf("permission for tiles (%w)", err)
	}
	return nil
}

// permission is the components of processor state that the process may use, as bits of XCR0.
func permission() (uint64, error) {
	var granted uint64
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, getPermission, uintptr(unsafe.Pointer(&granted)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("arch_prctl: %w", errno)
	}
	return granted, nil
}

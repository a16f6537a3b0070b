# What script/emulate-avx512 and script/emulate-amx share: they source this file, call the functions in their order, and
# boot Debian's kernel in Bochs with static test binaries as its only programs. $name is the script's, for messages.
# Everything is below $work, which is removed at the end.

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=${XDG_CACHE_HOME:-$HOME/.cache}/atelier/emulate
mkdir -p "$cache" "$work"/{iso,root/{proc,sys,tmp,dev}}

# need checks that tools are there; what to install is the second argument.
need() {
	local tool
	for tool in $1; do
		command -v "$tool" >/dev/null || {
			echo "$name: $tool is missing; $2" >&2
			exit 1
		}
	done
}

# kernel puts an image to boot at $cache/vmlinuz, from Debian's package, which is not installed; status 3 if it cannot.
kernel() {
	[ ! -s "$cache/vmlinuz" ] || return 0
	local image
	image=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ {print $2; exit}')
	if [ -z "$image" ] || ! (cd "$work" && apt-get download "$image" >/dev/null 2>&1 && dpkg-deb -x linux-image-*.deb kernel); then
		echo "$name: no kernel to boot: apt-get update, or put one at $cache/vmlinuz" >&2
		exit 3
	fi
	cp "$work"/kernel/boot/vmlinuz-* "$cache/vmlinuz.part"
	mv "$cache/vmlinuz.part" "$cache/vmlinuz"
}

# tests builds the tests of a package and has the machine run them with the other arguments. Without symbols: the
# emulated machine takes long to load what is large.
tests() {
	local test
	test=$(basename "$1")
	CGO_ENABLED=0 go test -c -ldflags='-s -w' -o "$work/root/$test.test" "./$1"
	shift
	echo "/$test.test $*" >>"$work/root/commands"
}

# disc writes the disc to boot from; its argument has parameters for the kernel. Those that it does not know become
# environment variables of the tests.
disc() {
	CGO_ENABLED=0 go build -ldflags='-s -w' -o "$work/root/init" script/emulate/init.go
	cp "$cache/vmlinuz" /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/iso/"
	(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1 >../iso/initrd.gz)
	cat >"$work/iso/isolinux.cfg" <<-EOF
		default run
		prompt 0
		label run
		 kernel vmlinuz
		 append initrd=initrd.gz console=ttyS0 rdinit=/init mitigations=off nokaslr quiet panic=-1 $1
	EOF
	xorriso -as mkisofs -quiet -o "$work/boot.iso" -b isolinux.bin -c boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$work/iso" 2>/dev/null
}

# run boots a processor model with a display in the emulator that the other arguments start, for at most EMULATE_TIMEOUT
# seconds, with the BIOSes in BOCHS_SHARE, prints what the machine printed, and fails unless all of its tests passed.
run() {
	local model=$1 display=$2 share=${BOCHS_SHARE:-/usr/share/bochs}
	local vgabios=$share/VGABIOS-lgpl-latest # newer versions give it an extension
	[ -e "$vgabios" ] || vgabios=$vgabios.bin
	shift 2
	cat >"$work/bochsrc" <<-EOF
		cpu: model=$model, count=1, ips=100000000
		memory: guest=2048, host=2048
		romimage: file=$share/BIOS-bochs-latest
		vgaromimage: file=$vgabios
		display_library: $display
		ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
		boot: cdrom
		com1: enabled=1, mode=file, dev=$work/serial
		log: $work/log
		panic: action=fatal
		error: action=ignore
		clock: sync=none
	EOF
	# Powering off counts as a panic of the emulator: its status says nothing.
	timeout "${EMULATE_TIMEOUT:-1500}" "$@" -q -f "$work/bochsrc" </dev/null >"$work/out" 2>&1 || true
	[ ! -e "$work/serial" ] || tr -d '\r' <"$work/serial"
	grep -qs '^EMULATION PASSED' "$work/serial" || { tail -3 "$work/out" >&2; echo "$name: failed" >&2; exit 1; }
}

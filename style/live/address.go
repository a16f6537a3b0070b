package live

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// loopback is where a page is that is not told to be elsewhere.
const loopback = "127.0.0.1"

// ParseAddress makes an address to listen at of what people write: a port alone, as 8080 or :8080, is one of 127.0.0.1;
// nothing is any free port there. Port 0 is any free one too.
func ParseAddress(text string) (string, error) {
	if text == "" {
		return net.JoinHostPort(loopback, "0"), nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil && !strings.Contains(text, ":") {
		host, port, err = "", text, nil // a port, or else none
	}
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return "", fmt.Errorf("%q is no address: want a port from 0 to 65535, as 8080, or an address with one, as %s:8080", text, loopback)
	}
	if host == "" {
		host = loopback
	}
	return net.JoinHostPort(host, port), nil
}

// listen opens an address that [ParseAddress] takes. Errors begin with the address.
func listen(text string) (net.Listener, error) {
	address, err := ParseAddress(text)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use: choose another port, or none for one that is free", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may not be listened at: choose a port from 1024", address)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return l, nil
}

// URL is where the page is. A page at all of the machine's addresses is at this one too.
func (p *Page) URL() string {
	if p == nil {
		return ""
	}
	address := p.address()
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = loopback
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(address.Port)) + "/"
}

// Public tells whether other machines may see the page.
func (p *Page) Public() bool { return p != nil && !p.address().IP.IsLoopback() }

func (p *Page) address() *net.TCPAddr { return p.listener.Addr().(*net.TCPAddr) }

// isLoopback tells whether a request's host is this machine, by any of its names.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// SPDX-License-Identifier: MIT

// go-host ACCOUNT URL: a request with a token that is valid now, from the library, and
// with another one after a 401. It follows no redirect: net/http would take the token
// along to other ports, to subdomains, and from https to http.
package main

// #cgo pkg-config: valetkey
// #include <valetkey.h>
import "C"

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func check(result C.int) {
	if result != C.VALETKEY_OK {
		log.Print(C.GoString(C.valetkey_strerror(result)))
		os.Exit(int(result))
	}
}

func main() {
	var vk *C.struct_valetkey
	check(C.valetkey_open(nil, &vk))
	request := C.struct_valetkey_request{size: C.sizeof_struct_valetkey_request,
		account: C.CString(os.Args[1]), resource: C.CString(os.Args[2])}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	for last := false; ; last = true {
		var token *C.struct_valetkey_token
		check(C.valetkey_get(vk, &request, &token))
		ask, _ := http.NewRequest("GET", os.Args[2], nil)
		ask.Header.Set("Authorization", "Bearer "+C.GoString(token.access_token))
		answer, err := client.Do(ask)
		if err != nil {
			log.Fatal(err)
		}
		if answer.StatusCode != 401 || last {
			fmt.Print(answer.StatusCode, " ")
			io.Copy(os.Stdout, answer.Body)
			return
		}
		answer.Body.Close()
		check(C.valetkey_invalidate(vk, token))
		C.valetkey_token_free(token)
	}
}

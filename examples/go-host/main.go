// SPDX-License-Identifier: MIT

// go-host ACCOUNT URL: a request with a token that is valid now, from the library. After a
// 401 it says which token was refused, and asks once more. net/http takes the token along
// to no other host.
//
//	go build -o go-host main.go
package main

// #cgo pkg-config: valetkey
// #include <stdlib.h>
// #include <valetkey.h>
import "C"

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"unsafe"
)

func check(result C.int) {
	if result != C.VALETKEY_OK {
		fmt.Fprintln(os.Stderr, C.GoString(C.valetkey_strerror(result)))
		os.Exit(int(result))
	}
}

func main() {
	account, url := C.CString(os.Args[1]), C.CString(os.Args[2])
	defer C.free(unsafe.Pointer(account))
	defer C.free(unsafe.Pointer(url))
	var vk *C.struct_valetkey
	check(C.valetkey_open(nil, &vk))
	defer C.valetkey_close(vk)
	for last := false; ; last = true {
		var token *C.struct_valetkey_token
		request := C.struct_valetkey_request{account: account, resource: url}
		request.size = C.size_t(unsafe.Sizeof(request))
		check(C.valetkey_get(vk, &request, &token))
		ask, _ := http.NewRequest("GET", os.Args[2], nil)
		ask.Header.Set("Authorization", "Bearer "+C.GoString(token.access_token))
		answer, err := http.DefaultClient.Do(ask)
		if err == nil && answer.StatusCode == 401 && !last {
			answer.Body.Close()
			check(C.valetkey_invalidate(vk, token))
			C.valetkey_token_free(token)
			continue
		}
		C.valetkey_token_free(token)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		body, _ := io.ReadAll(answer.Body)
		fmt.Print(answer.StatusCode, " ", string(body))
		return
	}
}

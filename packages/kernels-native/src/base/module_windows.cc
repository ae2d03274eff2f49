#include <windows.h>

#include "base/module.h"

namespace apb {

void PinModule() {
  HMODULE module;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&PinModule), &module);
}

void OnFork(void (*)()) {}  // there is no fork

}  // namespace apb

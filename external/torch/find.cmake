# libtorch is the one of the Python environment: what trained the model also plays it. It is found without importing
# torch, which takes seconds, and without the network.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
execute_process(
  COMMAND ${Python3_EXECUTABLE} -c
          "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '', end='')"
  OUTPUT_VARIABLE WAE_TORCH_DIR)
if(WAE_TORCH_DIR)
  list(PREPEND CMAKE_PREFIX_PATH ${WAE_TORCH_DIR}/share/cmake)
endif()
find_package(Torch QUIET)
if(NOT Torch_FOUND)
  message(FATAL_ERROR "expected libtorch: either -DPython3_EXECUTABLE=PYTHON that has torch (got ${Python3_EXECUTABLE}), "
                      "or -DCMAKE_PREFIX_PATH=FOLDER of a libtorch download")
endif()
get_filename_component(WAE_TORCH_LIB_DIR "${TORCH_LIBRARY}" DIRECTORY)

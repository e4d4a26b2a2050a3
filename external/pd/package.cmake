# install-user: the object with its help in the folder where Pd of this user looks for externals.
# deken: a package that any user can unzip there; libtorch stays outside and is found when the object is loaded.
if(APPLE)
  set(WAE_USER_DIR "$ENV{HOME}/Library/Pd/wae-sampler" CACHE PATH "where install-user installs")
elseif(WIN32)
  set(WAE_USER_DIR "$ENV{APPDATA}/Pd/wae-sampler" CACHE PATH "where install-user installs")
else()
  set(WAE_USER_DIR "$ENV{HOME}/.local/lib/pd/extra/wae-sampler" CACHE PATH "where install-user installs")
endif()

set(WAE_PATCHES ${PROJECT_SOURCE_DIR}/../patch/wae-sampler-help.pd ${PROJECT_SOURCE_DIR}/../patch/wae-pattern-help.pd
    ${PROJECT_SOURCE_DIR}/../patch/wae-sampler-meta.pd)
add_custom_target(install-user
  COMMAND ${CMAKE_COMMAND} --install ${CMAKE_BINARY_DIR} --prefix ${WAE_USER_DIR}
  COMMAND ${CMAKE_COMMAND} -E copy ${WAE_PATCHES} ${WAE_USER_DIR}
  DEPENDS wae-sampler VERBATIM)

if(UNIX AND NOT APPLE)
  add_library(wae-loader MODULE EXCLUDE_FROM_ALL loader.cpp)
  target_include_directories(wae-loader SYSTEM PRIVATE ${WAE_PD_INCLUDE})
  target_compile_options(wae-loader PRIVATE -Wall -Wextra)
  target_link_libraries(wae-loader PRIVATE ${CMAKE_DL_LIBS})
  # The same object without the builder's path of libtorch in it.
  add_library(wae-core MODULE EXCLUDE_FROM_ALL $<TARGET_OBJECTS:wae_pd>)
  target_link_libraries(wae-core PRIVATE wae_torch)
  target_link_options(wae-core PRIVATE -Wl,--exclude-libs,libwae_engine.a:libwae_torch.a)
  set_target_properties(wae-core PROPERTIES SKIP_BUILD_RPATH ON)

  string(REPLACE x86_64 amd64 WAE_ARCH ${CMAKE_SYSTEM_PROCESSOR})
  set(WAE_DEK "wae-sampler[v${PROJECT_VERSION}](Linux-${WAE_ARCH}-${WAE_PD_FLOATSIZE}).dek")
  set(WAE_STAGE ${CMAKE_BINARY_DIR}/deken/wae-sampler)
  # No links inside: not every program that unzips keeps them.
  add_custom_target(deken
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${CMAKE_BINARY_DIR}/deken
    COMMAND ${CMAKE_COMMAND} -E make_directory ${WAE_STAGE}
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:wae-loader> ${WAE_STAGE}/wae-sampler.pd_linux
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:wae-loader> ${WAE_STAGE}/wae-sampler~.pd_linux
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:wae-loader> ${WAE_STAGE}/wae-pattern.pd_linux
    COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:wae-core> ${WAE_STAGE}/wae-sampler-core.so
    COMMAND ${CMAKE_COMMAND} -E copy ${WAE_PATCHES} ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/../LICENSE ${WAE_STAGE}
    COMMAND ${CMAKE_COMMAND} -E chdir ${CMAKE_BINARY_DIR}/deken ${CMAKE_COMMAND} -E tar cf ${WAE_DEK} --format=zip wae-sampler
    COMMAND ${CMAKE_COMMAND} -E chdir ${CMAKE_BINARY_DIR}/deken ${CMAKE_COMMAND} -E sha256sum ${WAE_DEK} > ${CMAKE_BINARY_DIR}/deken/${WAE_DEK}.sha256
    DEPENDS wae-loader wae-core VERBATIM)
endif()

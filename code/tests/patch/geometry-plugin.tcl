# Loaded by Pd's window: writes what is drawn in every open patch to the file $PATCH_GEOMETRY, then quits.
proc write_geometry {} {
    set file [open $::env(PATCH_GEOMETRY) w]
    foreach top [wm stackorder .] {
        if {![winfo exists $top.c]} continue
        puts $file "window\t[wm title $top]"
        foreach item [$top.c find all] {
            puts $file "[$top.c type $item]\t[$top.c gettags $item]\t[$top.c coords $item]\t[$top.c bbox $item]"
        }
    }
    close $file
    pdsend "pd quit"
}
after 6000 write_geometry

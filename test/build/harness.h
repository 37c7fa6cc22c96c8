// Included before the translated C when it is compiled for the host: linear memory is wherever linear.h mapped it.
extern char *axv_linear;

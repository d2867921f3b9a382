"""The peripherals of a terminal: printers and card readers behind small roles, without the program around them."""

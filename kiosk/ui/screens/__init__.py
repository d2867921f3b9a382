"""One module and one layout file a screen; a module holds what its layout cannot say."""

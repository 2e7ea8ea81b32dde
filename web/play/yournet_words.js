// What "Your net" says, in English: why a net is not trained here.

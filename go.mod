module delink

go 1.26.0

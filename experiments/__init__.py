"""The programs that train nets and write records; edition 2 of the evidence."""

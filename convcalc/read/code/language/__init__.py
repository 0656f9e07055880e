"""The language of programs: values, expressions and statements, without any library."""

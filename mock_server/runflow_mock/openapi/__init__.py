"""Reading an OpenAPI document and judging exchanges by it: pure, and used by the fake as well as by the kit."""

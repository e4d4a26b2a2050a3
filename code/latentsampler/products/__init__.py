"""Shipped models -> what people use without Pure Data: the browser's models, the listening page, audio widgets."""
